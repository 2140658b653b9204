package headers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sealform/internal/mail/headers"
)

// TestCorpus holds each header of testdata, in the form that its server writes, against what it tells.
func TestCorpus(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d headers found: %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".eml"), func(t *testing.T) {
			got := read(t, file(t, path))
			var want headers.Report
			if err := json.Unmarshal(file(t, strings.TrimSuffix(path, ".eml")+".json"), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(headers.Hop{}, "Inside")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func file(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(t *testing.T, header []byte) headers.Report {
	t.Helper()
	report, err := headers.Read(bytes.NewReader(header))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestShape: the keys are all there, whatever is known.
func TestShape(t *testing.T) {
	b, err := json.Marshal(read(t, []byte("Received: (qmail 1 invoked by uid 89); 17 Nov 2026 09:12:45 -0000\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"hops":[{"from":"","by":"","tls":"unknown","version":""}],"verdict":"unknown"}`
	if string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
}

// The hops that a verdict is made of.
const (
	withTLS = "Received: from a.example ([192.0.2.1]) by b.example with ESMTPS id 1; Tue, 17 Nov 2026 09:12:45 +0000\n"
	plain   = "Received: from b.example ([192.0.2.2]) by c.example with SMTP id 2; Tue, 17 Nov 2026 09:12:45 +0000\n"
	untold  = "Received: from c.example ([192.0.2.3]) by d.example with HTTP; Tue, 17 Nov 2026 09:12:45 +0000\n"
	inHost  = "Received: from localhost (localhost [127.0.0.1]) by e.example with ESMTP id 3; Tue, 17 Nov 2026 09:12:45 +0000\n"
)

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name, header string
		want         headers.Verdict
	}{
		{"nothing", "Subject: x\n", headers.Untold},
		{"all", withTLS + withTLS, headers.All},
		{"inside does not count", inHost + withTLS, headers.All},
		{"nor for none", inHost + plain, headers.None},
		{"mixed", plain + withTLS, headers.Some},
		{"untold beside TLS", untold + withTLS, headers.Some},
		{"untold beside plain", untold + plain, headers.None},
		{"untold alone", untold, headers.Untold},
		{"inside alone", inHost, headers.Untold},
		{"more hops than are read", strings.Repeat(withTLS, 201), headers.Some},
		{"as many as are read", strings.Repeat(withTLS, 200), headers.All},
		{"a header without end", withTLS + "X-Long: " + strings.Repeat("x", 1<<20), headers.Some},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, []byte(c.header))
			if got.Verdict != c.want {
				t.Errorf("%s, want %s: %+v", got.Verdict, c.want, got.Hops)
			}
			if len(got.Hops) > 200 {
				t.Errorf("%d hops", len(got.Hops))
			}
		})
	}
}

// TestWords reads single lines that are told apart by little.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		line string
		tls  headers.Answer
		v    string
	}{
		{"from a.example ([192.0.2.1]) by b.example with ESMTPSA", "yes", ""},
		{"from a.example ([192.0.2.1]) by b.example with utf8smtpsa", "yes", ""},
		{"from a.example ([192.0.2.1]) by b.example with ASMTP", "unknown", ""},
		{"from a.example ([192.0.2.1]) by b.example with LMTPS", "yes", ""},
		{"from a.example ([192.0.2.1]) by b.example with LMTP", "no", ""},
		{"from a.example ([172.19.1.9]) by b.example with LMTP", "unknown", ""},
		{"from a.example ([192.0.2.1]) by b.example", "unknown", ""},
		{"from a.example ([192.0.2.1]) by b.example with POP3", "unknown", ""},
		{"from with ([192.0.2.1]) by tls with ESMTPS", "yes", ""},
		{"from mallory with ESMTPS ([192.0.2.1]) by b.example with SMTP", "no", ""}, // how the sender called itself
		{"from mallory with ESMTPS tls TLS1.3 (real.example [192.0.2.1]) by b.example", "unknown", ""},
		{"from a.example ([192.0.2.1]) by b.example with ESMTPS (TLS1.4:X:256)", "yes", ""},
		{"from a.example ([192.0.2.1]) by b.example with esmtps (SSLv3:DES-CBC3-SHA:168)", "yes", "SSL3.0"},
		{"from a.example ([192.0.2.1]) by b.example with esmtps (TLS-1.0:RSA_ARCFOUR_MD5:16)", "yes", "TLS1.0"},
		{"from a.example ([192.0.2.1]) by b.example with ESMTP (envelope-from <TLS1.3@c.example>)", "no", ""},
		{"from a.example ([192.0.2.1]) by b.example with ESMTP (using TLSv1.2 with cipher X", "yes", "TLS1.2"},
		{`from a.example ([192.0.2.1]) by b.example (a \) in (it) with ESMTPS) with SMTP`, "no", ""},
		{"from a.example ([192.0.2.1]) by b.example with SMTP; (version=TLS1_3)", "no", ""},
		{"from a.example ([192.0.2.9]) by b.example ([192.0.2.9]) with SMTP", "unknown", ""},
		{"from a.example ([192.0.2.1]) by a.example with ESMTPS", "unknown", ""},
		{"from A.example. ([192.0.2.1]) by a.example with ESMTPS", "unknown", ""},
		{"from a.example by localhost with SMTP", "unknown", ""},
		{"from pop.a.example ([192.0.2.1]) by localhost with SMTP", "no", ""},
		{"from localhost by a.example with SMTP", "unknown", ""},
		{"from [127.0.0.1] (unknown [192.0.2.1]) by a.example with SMTP", "no", ""},
		{"from [IPv6:::1] by a.example with SMTP", "unknown", ""},
		{"by a.example with ESMTPS (version=TLS1_3 cipher=X)", "yes", "TLS1.3"},
		{"", "unknown", ""},
		{"from", "unknown", ""},
	} {
		got := read(t, []byte("Received: "+c.line+"; Tue, 17 Nov 2026 09:12:45 +0000\n")).Hops[0]
		if got.TLS != c.tls || got.Version != c.v {
			t.Errorf("%s: %s %q, want %s %q", c.line, got.TLS, got.Version, c.tls, c.v)
		}
	}
}

// TestFolding: how lines end, how they are folded and what stands around them changes nothing.
func TestFolding(t *testing.T) {
	want := headers.Hop{From: "a.example", By: "b.example", TLS: "yes", Version: "TLS1.3"}
	for _, header := range []string{
		"Received: from a.example by b.example with ESMTPS (version=TLS1_3 cipher=X)\n\nReceived: from c by d with SMTP\n",
		"received:from a.example\r\n by b.example\r\n\twith ESMTPS\r\n (version=TLS1_3\r\n cipher=X)\r\n\r\nReceived: from c by d with SMTP\r\n",
		"From ann Tue Nov 17 09:12:45 2026\nRECEIVED : from a.example by b.example with ESMTPS (version=TLS1_3)\n",
		"\xef\xbb\xbf\r\nnot a field\n of any kind\nReceived:\n from a.example\n \n by b.example with ESMTPS (version=TLS1_3)",
	} {
		if diff := cmp.Diff([]headers.Hop{want}, read(t, []byte(header)).Hops); diff != "" {
			t.Errorf("%q:\n%s", header, diff)
		}
	}
}

func TestNoHeader(t *testing.T) {
	for _, s := range []string{"", "\n\n", "just some prose\nin two lines\n", "\x00\x01\x02", "\nBody only"} {
		if r, err := headers.Read(strings.NewReader(s)); !errors.Is(err, headers.ErrNoHeader) {
			t.Errorf("%q: %+v, %v", s, r, err)
		}
	}
	broken := errors.New("the disk is gone")
	if _, err := headers.Read(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// TestNamesAreSafe: what is shown moves no cursor and hides nothing.
// covers IN09
func TestNamesAreSafe(t *testing.T) {
	for _, name := range []string{"\x1b]0;title\x07", "a\u202eb", "\x9b31m", "\xff\xfe", "a\x00b", strings.Repeat("ü", 4000)} {
		got := read(t, fmt.Appendf(nil, "Received: from %s by %s with SMTP\n", name, name)).Hops[0]
		for _, s := range []string{got.From, got.By} {
			if len(s) > 400 || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) && r != unicode.ReplacementChar }) {
				t.Errorf("%q is shown as %q", name, s)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := headers.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		counted := false
		for _, h := range r.Hops {
			if h.Version != "" && h.TLS != headers.Yes || h.Inside && h.TLS != headers.Unknown {
				t.Errorf("%+v", h)
			}
			if strings.ContainsFunc(h.From+h.By, func(c rune) bool { return c != unicode.ReplacementChar && !unicode.IsPrint(c) }) {
				t.Errorf("not fit to be shown: %+v", h)
			}
			if !h.Inside && h.TLS != headers.Yes {
				counted = true
			}
		}
		if len(r.Hops) > 200 || r.Verdict == headers.All && (counted || r.Cut) {
			t.Errorf("%+v", r)
		}
	})
}
