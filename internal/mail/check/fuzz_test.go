package check

import (
	"strings"
	"testing"
	"unicode"

	"sealform/internal/text"
)

// FuzzPolicy: whatever a web server serves as a policy, only one with a mode and hosts counts.
func FuzzPolicy(f *testing.F) {
	f.Add("version: STSv1\r\nmode: enforce\r\nmx: mx1.riverside.test\r\nmx: *.else.test\r\nmax_age: 604800\r\n", "mx1.riverside.test")
	f.Add("version: STSv1\nmode: none\nmax_age: 1\n", "a")
	f.Add("<html>", "")
	f.Fuzz(func(t *testing.T, body, host string) {
		p := parsePolicy(body)
		insists := p.mode == "enforce" || p.mode == "testing"
		if !insists && p.mode != "none" || insists != (len(p.mx) > 0) || insists && p.why != "" {
			t.Errorf("%+v", p)
		}
		if p.names(host) && !strings.Contains(strings.ToLower(body), host[strings.IndexByte(host, '.')+1:]) {
			t.Errorf("%q is named by %+v", host, p.mx)
		}
	})
}

// FuzzNames: what passes as a domain can stand in a question and in an address; what is shown is printable.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"dana@riverside.test", "bücher.test.", "a\x1b[31m.test", `v=TLSRPTv1; rua=mailto:\027x`, "[127.0.0.1]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := domainOf(s); err == nil && (!isHostname(d) || d != strings.ToLower(d) || strings.ContainsAny(d, "@[]: \r\n")) {
			t.Errorf("%q became %q", s, d)
		}
		if got := text.Printable(unescaped(s)); strings.ContainsFunc(got, func(r rune) bool { return r != unicode.ReplacementChar && !unicode.IsPrint(r) }) {
			t.Errorf("%q is shown as %q", s, got)
		}
	})
}
