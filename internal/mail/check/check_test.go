package check_test

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sealform/internal/mail/check"
	"sealform/internal/mail/check/checktest"
)

// run checks riverside.test in an internet of a test.
func run(t *testing.T, n *checktest.Internet, domain string) (check.Report, error) {
	t.Helper()
	return check.Check(t.Context(), domain, check.Config{
		Resolvers: []string{n.Resolver}, Port: n.Port, HTTPSPort: n.HTTPSPort, Roots: n.Roots, Step: 2 * time.Second,
	})
}

func looked(t *testing.T, n *checktest.Internet) check.Report {
	t.Helper()
	r, err := run(t, n, "riverside.test")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// one is an internet in which riverside.test has one MX host, mx1.riverside.test at 127.0.0.2.
func one(t *testing.T) *checktest.Internet {
	t.Helper()
	n := checktest.New(t)
	n.Record("riverside.test. 60 IN MX 10 mx1.riverside.test.", "mx1.riverside.test. 60 IN A 127.0.0.2")
	return n
}

const day = 24 * time.Hour

// TestHost goes to hosts of every kind.
// covers ML03
func TestHost(t *testing.T) {
	good := checktest.Wanted{Names: []string{"mx1.riverside.test"}}
	for _, c := range []struct {
		name    string
		cert    checktest.Wanted
		server  checktest.MailServer
		want    check.Host // STARTTLS, Version, Certificate, Why, Error
		verdict check.Verdict
	}{
		{"good", good, checktest.MailServer{}, check.Host{STARTTLS: true, Version: "TLS1.3", Certificate: "valid"}, "forced"},
		{"wildcard", checktest.Wanted{Names: []string{"*.riverside.test"}}, checktest.MailServer{}, check.Host{STARTTLS: true, Version: "TLS1.3", Certificate: "valid"}, "forced"},
		{"TLS 1.2", good, checktest.MailServer{Newest: tls.VersionTLS12}, check.Host{STARTTLS: true, Version: "TLS1.2", Certificate: "valid"}, "forced"},
		{"TLS 1.1", good, checktest.MailServer{Newest: tls.VersionTLS11}, check.Host{STARTTLS: true, Version: "TLS1.1", Certificate: "valid"}, "opportunistic"},
		{"TLS 1.0", good, checktest.MailServer{Newest: tls.VersionTLS10}, check.Host{STARTTLS: true, Version: "TLS1.0", Certificate: "valid"}, "opportunistic"},
		{"expired", checktest.Wanted{Names: good.Names, Shifted: -100 * day}, checktest.MailServer{}, check.Host{STARTTLS: true, Version: "TLS1.3", Certificate: "expired", Why: "expired"}, "opportunistic"},
		{"not yet", checktest.Wanted{Names: good.Names, Shifted: 100 * day}, checktest.MailServer{}, check.Host{STARTTLS: true, Version: "TLS1.3", Certificate: "expired", Why: "not-yet-valid"}, "opportunistic"},
		{"self-signed", checktest.Wanted{Names: good.Names, By: "self"}, checktest.MailServer{}, check.Host{STARTTLS: true, Version: "TLS1.3", Certificate: "self-signed", Why: "self-signed"}, "opportunistic"},
		{"stranger", checktest.Wanted{Names: good.Names, By: "stranger"}, checktest.MailServer{}, check.Host{STARTTLS: true, Version: "TLS1.3", Certificate: "self-signed", Why: "unknown-issuer"}, "opportunistic"},
		{"for clients", checktest.Wanted{Names: good.Names, Client: true}, checktest.MailServer{}, check.Host{STARTTLS: true, Version: "TLS1.3", Certificate: "self-signed", Why: "not-for-servers"}, "opportunistic"},
		{"wrong name", checktest.Wanted{Names: []string{"riverside.test"}}, checktest.MailServer{}, check.Host{STARTTLS: true, Version: "TLS1.3", Certificate: "wrong-name", Why: "wrong-name"}, "opportunistic"},
		{"expired before self-signed", checktest.Wanted{Names: []string{"x.test"}, By: "self", Shifted: -100 * day}, checktest.MailServer{}, check.Host{STARTTLS: true, Version: "TLS1.3", Certificate: "expired", Why: "expired"}, "opportunistic"},
		{"self-signed before name", checktest.Wanted{Names: []string{"x.test"}, By: "self"}, checktest.MailServer{}, check.Host{STARTTLS: true, Version: "TLS1.3", Certificate: "self-signed", Why: "self-signed"}, "opportunistic"},
		{"no STARTTLS", good, checktest.MailServer{NoSTARTTLS: true}, check.Host{Certificate: "none"}, "none"},
		{"STARTTLS refused", good, checktest.MailServer{Replies: map[string]string{"STARTTLS": "454 later"}}, check.Host{STARTTLS: true, Certificate: "none", Error: "starttls-454"}, "none"},
		{"plaintext after STARTTLS", good, checktest.MailServer{Replies: map[string]string{"STARTTLS": "220 go\r\n250 injected"}}, check.Host{STARTTLS: true, Certificate: "none", Error: "plaintext-after-starttls"}, "none"},
		{"no EHLO", good, checktest.MailServer{Replies: map[string]string{"EHLO": "502 what"}}, check.Host{Certificate: "none", Error: "ehlo-502"}, "none"},
		{"sent away", good, checktest.MailServer{Replies: map[string]string{"": "554-no\r\n554 really"}}, check.Host{Certificate: "none", Error: "greeting-554"}, "none"},
		{"no SMTP", good, checktest.MailServer{Replies: map[string]string{"": "HTTP/1.1 400 Bad Request"}}, check.Host{Certificate: "none", Error: "protocol"}, "none"},
		{"a long line", good, checktest.MailServer{Replies: map[string]string{"EHLO": "250 " + strings.Repeat("x", 9999)}}, check.Host{Certificate: "none", Error: "too-long"}, "none"},
		{"an endless reply", good, checktest.MailServer{Replies: map[string]string{"EHLO": strings.Repeat("250-x\r\n", 99999)}}, check.Host{Certificate: "none", Error: "closed"}, "none"},
		{"STARTTLS in a word", good, checktest.MailServer{Replies: map[string]string{"EHLO": "250-STARTTLS\r\n250 XSTARTTLS"}}, check.Host{Certificate: "none"}, "none"},
		{"silent at first", good, checktest.MailServer{Silent: "greeting"}, check.Host{Certificate: "none", Error: "timeout"}, "none"},
		{"silent at EHLO", good, checktest.MailServer{Silent: "EHLO"}, check.Host{Certificate: "none", Error: "timeout"}, "none"},
		{"silent at STARTTLS", good, checktest.MailServer{Silent: "STARTTLS"}, check.Host{STARTTLS: true, Certificate: "none", Error: "timeout"}, "none"},
		{"silent in the handshake", good, checktest.MailServer{Silent: "handshake"}, check.Host{STARTTLS: true, Certificate: "none", Error: "timeout"}, "none"},
		{"no certificate", good, checktest.MailServer{Replies: map[string]string{"none": ""}}, check.Host{STARTTLS: true, Certificate: "none", Error: "handshake"}, "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := one(t)
			if _, without := c.server.Replies["none"]; !without {
				c.server.Certificate = n.Issue(c.cert)
			}
			heard := n.Mail("127.0.0.2", c.server)
			r := looked(t, n)
			h := r.MX[0]
			got := check.Host{STARTTLS: h.STARTTLS, Version: h.Version, Certificate: h.Certificate, Why: h.Why, Error: h.Error}
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreUnexported(check.Host{})); diff != "" {
				t.Error(diff)
			}
			if r.Verdict != c.verdict || len(r.MX) != 1 || h.Name != "mx1.riverside.test" || h.Address != "127.0.0.2" {
				t.Errorf("%+v", r)
			}
			for _, line := range heard.Heard() {
				if verb, _, _ := strings.Cut(line, " "); verb != "EHLO" && verb != "STARTTLS" && verb != "QUIT" {
					t.Errorf("the server heard %q", line)
				}
			}
		})
	}
}

// TestShape: what a script reads of a domain where all is well, key by key.
func TestShape(t *testing.T) {
	n := one(t)
	n.Mail("127.0.0.2", checktest.MailServer{Certificate: n.Issue(checktest.Wanted{Names: []string{"mx1.riverside.test"}})})
	b, err := json.Marshal(looked(t, n))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"domain":"riverside.test","mx":[{"host":"mx1.riverside.test","preference":10,"address":"127.0.0.2","starttls":true,` +
		`"version":"TLS1.3","cipher":"TLS_AES_128_GCM_SHA256","certificate":"valid","certificate_names":["mx1.riverside.test"],` +
		`"chain":["CN=mx1.riverside.test","CN=Test Authority","CN=Test Authority"],"days_left":60,"dane":"none"}],` +
		`"dnssec":false,"mta_sts":"none","dane":"none","tls_rpt":[],"verdict":"forced"}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
}

// TestWhoTakesMail: MX by preference, the domain itself where there is none, and nobody.
func TestWhoTakesMail(t *testing.T) {
	n := checktest.New(t)
	n.Record(
		"riverside.test. 60 IN MX 20 mx2.riverside.test.", "riverside.test. 60 IN MX 10 MX1.riverside.test.", "riverside.test. 60 IN MX 30 mx1.riverside.test.",
		"mx1.riverside.test. 60 IN A 127.0.0.2", "mx2.riverside.test. 60 IN A 127.0.0.3",
		"plain.test. 60 IN A 127.0.0.2", "null.test. 60 IN MX 0 .", "null.test. 60 IN A 127.0.0.2", "empty.test. 60 IN TXT x",
		"alias.test. 60 IN CNAME riverside.test.", "ghost.test. 60 IN MX 10 nowhere.ghost.test.", `odd.test. 60 IN MX 10 a\027b.odd.test.`,
		"xn--bcher-kva.test. 60 IN A 127.0.0.2", "many.test. 60 IN TXT x",
	)
	for _, c := range "abcdefghijkl" {
		n.Record("many.test. 60 IN MX 10 " + string(c) + ".many.test.")
	}
	n.Mail("127.0.0.2", checktest.MailServer{Certificate: n.Issue(checktest.Wanted{Names: []string{"mx1.riverside.test"}})})
	for _, c := range []struct{ domain, hosts, errors, noMail, verdict string }{
		{"dana@Riverside.TEST.", "mx1.riverside.test mx2.riverside.test", " refused", "", "opportunistic"},
		{"plain.test", "plain.test", "", "", "opportunistic"},
		{"alias.test", "mx1.riverside.test mx2.riverside.test", " refused", "", "opportunistic"},
		{"null.test", "", "", "null-mx", "none"},
		{"empty.test", "", "", "no-address", "none"},
		{"ghost.test", "nowhere.ghost.test", "no-address", "", "none"},
		{"odd.test", `a\027b.odd.test`, "bad-name", "", "none"},
		{"bücher.test", "xn--bcher-kva.test", "", "", "opportunistic"},
	} {
		r, err := run(t, n, c.domain)
		if err != nil {
			t.Errorf("%s: %v", c.domain, err)
			continue
		}
		var hosts, errs []string
		for _, h := range r.MX {
			hosts, errs = append(hosts, h.Name), append(errs, string(h.Error))
		}
		got := []string{strings.Join(hosts, " "), strings.Join(errs, " "), string(r.NoMail), string(r.Verdict)}
		if diff := cmp.Diff([]string{c.hosts, c.errors, c.noMail, c.verdict}, got); diff != "" {
			t.Errorf("%s:\n%s", c.domain, diff)
		}
	}
	r, err := run(t, n, "many.test")
	if err != nil || len(r.MX) != 10 || r.LeftOut != 2 {
		t.Errorf("many: %d hosts, %d left out, %v", len(r.MX), r.LeftOut, err)
	}
}

func TestWhatCannotBeChecked(t *testing.T) {
	n := one(t)
	n.Record("broken.test. 60 IN MX 10 mx1.riverside.test.")
	n.Break("broken.test")
	for domain, want := range map[string]error{
		"nowhere.example": check.ErrNoDomain, "broken.test": check.ErrNoDNS,
		"": check.ErrNotADomain, "dana@": check.ErrNotADomain, "@riverside.test": check.ErrNotADomain,
		"127.0.0.1": check.ErrNotADomain, "dana@[127.0.0.1]": check.ErrNotADomain, "a b.test": check.ErrNotADomain,
		"a..test": check.ErrNotADomain, "-a.test": check.ErrNotADomain, "a\x1b[31m.test": check.ErrNotADomain,
	} {
		if r, err := run(t, n, domain); !errors.Is(err, want) {
			t.Errorf("%q: %+v, %v, want %v", domain, r, err, want)
		}
	}
	_, err := check.Check(t.Context(), "riverside.test", check.Config{Resolvers: []string{"127.0.0.1:1"}, Step: time.Second})
	if !errors.Is(err, check.ErrNoDNS) {
		t.Errorf("without a name server: %v", err)
	}
}

// TestOnlyTheResolver: every name of a check is asked of the resolver that was named, also when answers need TCP.
func TestOnlyTheResolver(t *testing.T) {
	n := one(t)
	n.Mail("127.0.0.2", checktest.MailServer{Certificate: n.Issue(checktest.Wanted{Names: []string{"mx1.riverside.test"}})})
	for range 40 {
		n.Record(`_smtp._tls.riverside.test. 60 IN TXT "` + strings.Repeat("x", 200) + `"`)
	}
	n.Record(
		`_smtp._tls.riverside.test. 60 IN TXT "v=TLSRPTv1; rua=mailto:tls@riverside.test,https://reports" ".riverside.test/v1\027[31m"`,
		`_mta-sts.riverside.test. 60 IN TXT "v=STSv1; id=1"`, "mta-sts.riverside.test. 60 IN A 127.0.0.4",
	)
	r := looked(t, n)
	want := []string{"mailto:tls@riverside.test", "https://reports.riverside.test/v1\uFFFD[31m"}
	if diff := cmp.Diff(want, r.TLSRPT); diff != "" {
		t.Error(diff)
	}
	asked := strings.Join(n.Asked(), "\n") + "\n"
	for _, q := range []string{"MX riverside", "A mx1.riverside", "AAAA mx1.riverside", "TXT _mta-sts.riverside", "A mta-sts.riverside", "TLSA _25._tcp.mx1.riverside"} {
		if !strings.Contains(asked, q+".test.\n") {
			t.Errorf("nobody asked for %s:\n%s", q, asked)
		}
	}
	if r.STSWhy != "refused" || r.STS != "none" {
		t.Errorf("MTA-STS: %s, %s", r.STS, r.STSWhy)
	}
}
