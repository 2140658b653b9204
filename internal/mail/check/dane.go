package check

import (
	"context"
	"crypto/x509"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Usages of TLSA records that mail can use (RFC 7672 §3.1): a trust anchor that the host presents, or its own
// certificate. The two that rest on public authorities are passed over.
const (
	daneTA = 2
	daneEE = 3
)

// tlsa is the answer of DNS about a host's TLSA records.
type tlsa struct {
	records []*dns.TLSA // that mail can use
	any     bool        // there are records of some usage
	signed  bool
	failed  DANE // DANEBogus or DANEUnknown where there is no sound answer; else ""
}

// tlsa asks for the records of the port that is looked at and, should that be another and have none, of port 25.
func (k *check) tlsa(ctx context.Context, host string) tlsa {
	t := k.tlsaAt(ctx, k.Port, host)
	if k.Port != 25 && !t.any && t.failed == "" {
		t = k.tlsaAt(ctx, 25, host)
	}
	return t
}

func (k *check) tlsaAt(ctx context.Context, port int, host string) tlsa {
	name := "_" + strconv.Itoa(port) + "._tcp." + host
	a, err := k.dns.ask(ctx, name, dns.TypeTLSA, false)
	switch {
	case err != nil:
		return tlsa{failed: DANEUnknown}
	case a.code == dns.RcodeServerFailure:
		// A validating resolver says so of an answer that fails its signature, and gives it when told not to check.
		a, err = k.dns.ask(ctx, name, dns.TypeTLSA, true)
		if err == nil && (a.code == dns.RcodeSuccess || a.code == dns.RcodeNameError) {
			return tlsa{failed: DANEBogus}
		}
		return tlsa{failed: DANEUnknown}
	case a.code != dns.RcodeSuccess && a.code != dns.RcodeNameError:
		return tlsa{failed: DANEUnknown}
	}
	t := tlsa{signed: a.signed, any: len(a.records) > 0}
	for _, rr := range a.records {
		if r, ok := rr.(*dns.TLSA); ok && (r.Usage == daneTA || r.Usage == daneEE) && r.Selector <= 1 && r.MatchingType <= 2 {
			t.records = append(t.records, r)
		}
	}
	return t
}

// state holds the records against the certificates that were presented.
func (t tlsa) state(chain []*x509.Certificate, host string, now time.Time) DANE {
	switch {
	case t.failed != "":
		return t.failed
	case !t.any:
		return None
	case !t.signed, len(t.records) == 0:
		return DANEUnknown
	}
	for _, r := range t.records {
		if fits(r, chain, host, now) {
			return DANEValid
		}
	}
	return DANEBogus
}

// fits tells whether a record matches the certificates: one of usage 3 needs the host's own certificate, whatever names
// and dates it bears (RFC 7672 §3.1.1). One of usage 2 needs a certificate of the chain, under which the host's own is
// good for its name and now (§3.1.2).
func fits(r *dns.TLSA, chain []*x509.Certificate, host string, now time.Time) bool {
	for i, c := range chain {
		want, err := dns.CertificateToDANE(r.Selector, r.MatchingType, c)
		if err != nil || !strings.EqualFold(want, r.Certificate) {
			continue
		}
		if r.Usage == daneEE {
			return i == 0
		}
		_, err = chain[0].Verify(x509.VerifyOptions{
			DNSName: host, Roots: pool(chain[i : i+1]), Intermediates: pool(chain[1:]), CurrentTime: now,
		})
		if err == nil {
			return true
		}
	}
	return false
}
