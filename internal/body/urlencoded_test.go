package body

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// Names and values are those that the standard library finds, wherever it takes a body.
func FuzzPairs(f *testing.F) {
	for _, s := range []string{"a=b", "a=1&a=2", "a=%41+%2b&b", "a=%zz", "a=%4", "&&=", "%61=b", "a=b=c", "a;b=c", "a=\x00%00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, whole := url.Values{}, true
		for name, value := range Pairs([]byte(s)) {
			n, ok := Unescape(name)
			v, ok2 := Unescape(value)
			whole = whole && ok && ok2
			got.Add(string(n), string(v))
		}
		want, err := url.ParseQuery(strings.ReplaceAll(s, ";", "%3B"))
		if whole != (err == nil) {
			t.Fatalf("whole is %v, the library says %v", whole, err)
		}
		if err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestMalformedEscapesStay(t *testing.T) {
	for s, want := range map[string]string{"%zz+%41": "%zz A", "100%": "100%", "%4": "%4"} {
		if got, whole := Unescape([]byte(s)); string(got) != want || whole {
			t.Errorf("%q: %q, whole %v", s, got, whole)
		}
	}
}
