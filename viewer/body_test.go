package viewer

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"
)

// Our own reader of posted forms takes what the standard library takes, byte for byte, and wipes what it read.
func FuzzFields(f *testing.F) {
	for _, s := range []string{"a=b", "a=1&a=2", "a=%41+%2b&b", "a=%zz", "a=%4", "&&=", "%61=b", "a=b=c", "a;b=c", "a=\x00%00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		got, err := readFields(httptest.NewRecorder(), r)
		if len(body) > longestBody {
			if err == nil {
				t.Fatal("a long body was taken")
			}
			return
		}
		want, wrong := url.ParseQuery(strings.ReplaceAll(body, ";", "%3B"))
		if (err == nil) != (wrong == nil) {
			t.Fatalf("we say %v, the library %v", err, wrong)
		}
		if err != nil {
			return
		}
		for name, values := range want {
			if got.text(name) != values[0] {
				t.Fatalf("%q: %q, want %q", name, got.text(name), values[0])
			}
		}
		got.wipe()
		if len(bytes.Trim(got.body, "\x00")) > 0 {
			t.Fatal("not wiped")
		}
	})
}

// Whatever was typed, what can be seen of it is all there and nothing that cannot be seen is left.
func FuzzPlainly(f *testing.F) {
	for _, s := range []string{"", "a\u202eb", "‹U+202E›", "\r\n\r", "\xff", "‹FF›‹", "\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var marked strings.Builder
		for _, p := range plainly(s).Pieces {
			if (p.Text == "") == (p.Mark == "") {
				t.Fatalf("a piece is text or a mark: %+v", p)
			}
			if strings.ContainsFunc(p.Text, unseen) {
				t.Fatalf("%+q is left", p.Text)
			}
			marked.WriteString(p.Text + p.Mark)
		}
		if strings.ContainsFunc(strings.ReplaceAll(s, "\r\n", "\n"), unseen) && !strings.Contains(marked.String(), "U+") {
			t.Fatalf("%+q has no mark", s)
		}
	})
}

// unseen tells which characters are marked: controls but line ends and tabs, format characters but the two joiners,
// line and paragraph separators, private use.
func unseen(r rune) bool {
	switch r {
	case '\n', '\t', '\u200c', '\u200d':
		return false
	case '\u2028', '\u2029':
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co)
}
