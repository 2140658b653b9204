package check_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"sealform/internal/mail/check"
	"sealform/internal/mail/check/checktest"
)

const daneName = "_25._tcp.mx1.riverside.test."

// tlsaOf writes the record that fits the certificate at a place of a chain.
func tlsaOf(t *testing.T, name string, usage, selector, matching uint8, c tls.Certificate, place int) string {
	t.Helper()
	cert, err := x509.ParseCertificate(c.Certificate[place])
	if err != nil {
		t.Fatal(err)
	}
	hex, err := dns.CertificateToDANE(selector, matching, cert)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s 60 IN TLSA %d %d %d %s", name, usage, selector, matching, strings.ToUpper(hex))
}

// TestDANE: usages, selectors and matching types, and what the resolver says of signatures.
func TestDANE(t *testing.T) {
	mx1 := []string{"mx1.riverside.test"}
	const nothing = daneName + " 60 IN TLSA 3 1 1 " + "00000000000000000000000000000000000000000000000000000000000000ff"
	for _, c := range []struct {
		name    string
		cert    checktest.Wanted
		records func(t *testing.T, c tls.Certificate) []string
		mark    string // "signed", "broken" or ""
		want    check.DANE
		verdict check.Verdict
	}{
		{"own key of a self-signed", checktest.Wanted{Names: []string{"x.test"}, By: "self"}, func(t *testing.T, c tls.Certificate) []string {
			return []string{tlsaOf(t, daneName, 3, 1, 1, c, 0)}
		}, "signed", "valid", "forced"},
		{"own key of an expired", checktest.Wanted{Names: mx1, Shifted: -100 * day}, func(t *testing.T, c tls.Certificate) []string {
			return []string{nothing, tlsaOf(t, daneName, 3, 1, 2, c, 0)}
		}, "signed", "valid", "forced"},
		{"whole certificate", checktest.Wanted{Names: mx1, By: "stranger"}, func(t *testing.T, c tls.Certificate) []string {
			return []string{tlsaOf(t, daneName, 3, 0, 0, c, 0)}
		}, "signed", "valid", "forced"},
		{"the issuer's place does not count for usage 3", checktest.Wanted{Names: mx1, By: "stranger"}, func(t *testing.T, c tls.Certificate) []string {
			return []string{tlsaOf(t, daneName, 3, 0, 1, c, 1)}
		}, "signed", "bogus", "opportunistic"},
		{"trust anchor", checktest.Wanted{Names: mx1, By: "stranger"}, func(t *testing.T, c tls.Certificate) []string {
			return []string{tlsaOf(t, daneName, 2, 0, 1, c, 1)}
		}, "signed", "valid", "forced"},
		{"trust anchor's key", checktest.Wanted{Names: mx1, By: "stranger"}, func(t *testing.T, c tls.Certificate) []string {
			return []string{tlsaOf(t, daneName, 2, 1, 0, c, 1)}
		}, "signed", "valid", "forced"},
		{"trust anchor, wrong name", checktest.Wanted{Names: []string{"x.test"}, By: "stranger"}, func(t *testing.T, c tls.Certificate) []string {
			return []string{tlsaOf(t, daneName, 2, 0, 1, c, 1)}
		}, "signed", "bogus", "opportunistic"},
		{"trust anchor, expired", checktest.Wanted{Names: mx1, By: "stranger", Shifted: -100 * day}, func(t *testing.T, c tls.Certificate) []string {
			return []string{tlsaOf(t, daneName, 2, 0, 1, c, 1)}
		}, "signed", "bogus", "opportunistic"},
		{"nothing fits", checktest.Wanted{Names: mx1}, func(*testing.T, tls.Certificate) []string { return []string{nothing} }, "signed", "bogus", "opportunistic"},
		{"not signed", checktest.Wanted{Names: []string{"x.test"}, By: "self"}, func(t *testing.T, c tls.Certificate) []string {
			return []string{tlsaOf(t, daneName, 3, 1, 1, c, 0)}
		}, "", "unknown", "opportunistic"},
		{"signed wrongly", checktest.Wanted{Names: []string{"x.test"}, By: "self"}, func(t *testing.T, c tls.Certificate) []string {
			return []string{tlsaOf(t, daneName, 3, 1, 1, c, 0)}
		}, "broken", "bogus", "opportunistic"},
		{"usages that mail can't use", checktest.Wanted{Names: mx1}, func(t *testing.T, c tls.Certificate) []string {
			return []string{tlsaOf(t, daneName, 1, 1, 1, c, 0), tlsaOf(t, daneName, 0, 1, 1, c, 1)}
		}, "signed", "unknown", "forced"},
		{"none", checktest.Wanted{Names: mx1}, func(*testing.T, tls.Certificate) []string { return nil }, "signed", "none", "forced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := one(t)
			cert := n.Issue(c.cert)
			n.Mail("127.0.0.2", checktest.MailServer{Certificate: cert})
			n.Record(c.records(t, cert)...)
			switch c.mark {
			case "signed":
				n.Sign(daneName, "riverside.test")
			case "broken":
				n.Break(daneName)
			}
			r := looked(t, n)
			if r.DANE != c.want || r.MX[0].DANE != c.want || r.Verdict != c.verdict || r.DNSSEC != (c.mark == "signed") {
				t.Errorf("DANE %s, of the host %s, verdict %s, signed MX %v; want %s, %s", r.DANE, r.MX[0].DANE, r.Verdict, r.DNSSEC, c.want, c.verdict)
			}
		})
	}
}

// TestDANEOfAnUnsignedMX: signed records of a host prove nothing where the answer that named the host was not signed: it
// may have named somebody else's (RFC 7672 §2.2.1).
func TestDANEOfAnUnsignedMX(t *testing.T) {
	n := one(t)
	cert := n.Issue(checktest.Wanted{Names: []string{"x.test"}, By: "self"})
	n.Mail("127.0.0.2", checktest.MailServer{Certificate: cert})
	n.Record(tlsaOf(t, daneName, 3, 1, 1, cert, 0))
	n.Sign(daneName)
	if r := looked(t, n); r.DANE != check.DANEValid || r.DNSSEC || r.Verdict != check.Opportunistic {
		t.Errorf("DANE %s, signed MX %v, verdict %s", r.DANE, r.DNSSEC, r.Verdict)
	}
}

// TestDANEOfTheCheckedPort: records of the port that is looked at count before those of port 25.
func TestDANEOfTheCheckedPort(t *testing.T) {
	n := one(t)
	cert := n.Issue(checktest.Wanted{Names: []string{"x.test"}, By: "self"})
	n.Mail("127.0.0.2", checktest.MailServer{Certificate: cert})
	name := fmt.Sprintf("_%d._tcp.mx1.riverside.test.", n.Port)
	n.Record(tlsaOf(t, name, 3, 1, 1, cert, 0), daneName+" 60 IN TLSA 3 1 1 00ff")
	n.Sign(name, daneName)
	if r := looked(t, n); r.DANE != check.DANEValid {
		t.Errorf("DANE is %s", r.DANE)
	}
}

// TestDANEWithoutTLS: signed records promise TLS. A host that answers without it breaks the promise; one that is away doesn't.
func TestDANEWithoutTLS(t *testing.T) {
	const record = daneName + " 60 IN TLSA 3 1 1 00ff"
	for _, c := range []struct {
		name   string
		server *checktest.MailServer
		want   check.DANE
	}{
		{"stripped", &checktest.MailServer{NoSTARTTLS: true}, check.DANEBogus},
		{"refused", &checktest.MailServer{Replies: map[string]string{"STARTTLS": "454 no"}}, check.DANEBogus},
		{"no handshake", &checktest.MailServer{}, check.DANEUnknown},
		{"away", nil, check.DANEUnknown},
	} {
		n := one(t)
		n.Record(record)
		n.Sign(daneName)
		if c.server != nil {
			n.Mail("127.0.0.2", *c.server)
		}
		if r := looked(t, n); r.MX[0].DANE != c.want || r.Verdict != check.NoTLS {
			t.Errorf("%s: %s, %s", c.name, r.MX[0].DANE, r.Verdict)
		}
	}
}

// TestSeveralHosts: the domain is as good as its worst host.
func TestSeveralHosts(t *testing.T) {
	n := one(t)
	n.Record("riverside.test. 60 IN MX 20 mx2.riverside.test.", "mx2.riverside.test. 60 IN A 127.0.0.9", "mx2.riverside.test. 60 IN A 127.0.0.3")
	one := n.Issue(checktest.Wanted{Names: []string{"mx1.riverside.test"}})
	two := n.Issue(checktest.Wanted{Names: []string{"mx2.riverside.test"}})
	n.Mail("127.0.0.2", checktest.MailServer{Certificate: one})
	n.Mail("127.0.0.3", checktest.MailServer{Certificate: two})
	n.Record(tlsaOf(t, daneName, 3, 1, 1, one, 0))
	n.Sign(daneName)
	r := looked(t, n)
	if r.Verdict != check.Forced || r.DANE != check.None || r.MX[0].DANE != check.DANEValid || r.MX[1].Address != "127.0.0.3" {
		t.Errorf("%+v", r)
	}
	n.Record("riverside.test. 60 IN MX 30 mx3.riverside.test.", "mx3.riverside.test. 60 IN A 127.0.0.5")
	n.Mail("127.0.0.5", checktest.MailServer{NoSTARTTLS: true})
	if r := looked(t, n); r.Verdict != check.Opportunistic {
		t.Errorf("with a host in clear: %s", r.Verdict)
	}
}
