package check_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/mail/check"
	"sealform/internal/mail/check/checktest"
)

const goodPolicy = "version: STSv1\r\nmode: enforce\r\nmx: mx1.riverside.test\r\nmx: *.else.test\r\nmax_age: 604800\r\n"

// TestPolicy: what is announced, served and taken as the policy.
// covers ML03
func TestPolicy(t *testing.T) {
	for _, c := range []struct {
		name, record string
		names        string // of the policy host's certificate
		page         http.HandlerFunc
		mode         string
		why          check.Code
		match        string // "yes", "no" or ""
	}{
		{"enforce", "v=STSv1; id=20261121;", "mta-sts.riverside.test", checktest.Text(goodPolicy), "enforce", "", "yes"},
		{"testing, LF, star", "v=STSv1;id=1", "mta-sts.riverside.test", checktest.Text("version: STSv1\nmode: testing\nmx: *.Riverside.test\nmax_age: 1\nextra: x\n"), "testing", "", "yes"},
		{"names another", "v=STSv1; id=1", "mta-sts.riverside.test", checktest.Text("version: STSv1\nmode: enforce\nmx: riverside.test\nmx: *.test\nmax_age: 1\n"), "enforce", "", "no"},
		{"mode none", "v=STSv1; id=1", "mta-sts.riverside.test", checktest.Text("version: STSv1\nmode: none\nmax_age: 1\n"), "none", "", ""},
		{"not announced", "v=spf1 -all", "mta-sts.riverside.test", checktest.Text(goodPolicy), "none", "", ""},
		{"bad id", "v=STSv1; id=a-b", "mta-sts.riverside.test", checktest.Text(goodPolicy), "none", "bad-record", ""},
		{"another name", "v=STSv1; id=1", "www.riverside.test", checktest.Text(goodPolicy), "none", "bad-certificate", ""},
		{"moved", "v=STSv1; id=1", "mta-sts.riverside.test", http.RedirectHandler("/.well-known/mta-sts.txt?x", http.StatusMovedPermanently).ServeHTTP, "none", "redirect", ""},
		{"gone", "v=STSv1; id=1", "mta-sts.riverside.test", http.NotFound, "none", "answered-404", ""},
		{"too long", "v=STSv1; id=1", "mta-sts.riverside.test", checktest.Text(goodPolicy + strings.Repeat("x: y\n", 20000)), "none", "too-long", ""},
		{"no version", "v=STSv1; id=1", "mta-sts.riverside.test", checktest.Text("mode: enforce\nmx: a\nmax_age: 1\n"), "none", "bad-policy", ""},
		{"no max_age", "v=STSv1; id=1", "mta-sts.riverside.test", checktest.Text("version: STSv1\nmode: enforce\nmx: a\n"), "none", "bad-policy", ""},
		{"no mx", "v=STSv1; id=1", "mta-sts.riverside.test", checktest.Text("version: STSv1\nmode: enforce\nmax_age: 1\n"), "none", "bad-policy", ""},
		{"another mode", "v=STSv1; id=1", "mta-sts.riverside.test", checktest.Text("version: STSv1\nmode: strict\nmx: a\nmax_age: 1\n"), "none", "bad-policy", ""},
		{"a web page", "v=STSv1; id=1", "mta-sts.riverside.test", checktest.Text("<!doctype html>\n"), "none", "bad-policy", ""},
		{"silence", "v=STSv1; id=1", "mta-sts.riverside.test", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "none", "timeout", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := one(t)
			n.Record(`_mta-sts.riverside.test. 60 IN TXT "`+c.record+`"`, "mta-sts.riverside.test. 60 IN CNAME web.test.", "web.test. 60 IN A 127.0.0.4")
			n.Policy("127.0.0.4", n.Issue(checktest.Wanted{Names: []string{c.names}}), c.page)
			r := looked(t, n)
			match := ""
			if m := r.MX[0].InPolicy; m != nil {
				match = map[bool]string{true: "yes", false: "no"}[*m]
			}
			if diff := cmp.Diff([]string{c.mode, string(c.why), c.match}, []string{r.STS, string(r.STSWhy), match}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPolicyNamesAnotherHost: with a good certificate, a host that the domain's own enforced policy does not name is one
// that senders refuse.
func TestPolicyNamesAnotherHost(t *testing.T) {
	for host, want := range map[string]check.Verdict{"mx1.riverside.test": check.Forced, "mx2.riverside.test": check.Opportunistic} {
		n := one(t)
		n.Mail("127.0.0.2", checktest.MailServer{Certificate: n.Issue(checktest.Wanted{Names: []string{"mx1.riverside.test"}})})
		n.Record(`_mta-sts.riverside.test. 60 IN TXT "v=STSv1; id=1"`, "mta-sts.riverside.test. 60 IN A 127.0.0.4")
		n.Policy("127.0.0.4", n.Issue(checktest.Wanted{Names: []string{"mta-sts.riverside.test"}}),
			checktest.Text("version: STSv1\nmode: enforce\nmx: "+host+"\nmax_age: 1\n"))
		if r := looked(t, n); r.Verdict != want || r.MX[0].Certificate != check.Valid {
			t.Errorf("the policy names %s: certificate %s, verdict %s, want %s", host, r.MX[0].Certificate, r.Verdict, want)
		}
	}
}

func TestPolicyAnnouncedTwice(t *testing.T) {
	n := one(t)
	n.Record(`_mta-sts.riverside.test. 60 IN TXT "v=STSv1; id=1"`, `_mta-sts.riverside.test. 60 IN TXT "v=STSv1; id=2"`)
	if r := looked(t, n); r.STS != "none" || r.STSWhy != "several-records" {
		t.Errorf("%s, %s", r.STS, r.STSWhy)
	}
	broken := one(t)
	broken.Break("_mta-sts.riverside.test")
	if r := looked(t, broken); r.STS != "none" || r.STSWhy != "dns" {
		t.Errorf("%s, %s", r.STS, r.STSWhy)
	}
}
