package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"sealform/internal/text"
)

// maxMX is how many hosts are looked at.
const maxMX = 10

// exchanger is a host that takes mail for the domain.
type exchanger struct {
	name       string
	preference uint16
}

// exchangers asks who takes mail for the domain (RFC 5321 §5.1): its MX hosts by preference, or without any the domain
// itself, where that has an address. A null MX (RFC 7505) means that nobody does.
func (k *check) exchangers(ctx context.Context) ([]exchanger, Report, error) {
	a, err := k.dns.ask(ctx, k.domain, dns.TypeMX, false)
	if err != nil {
		return nil, Report{}, err
	}
	switch a.code {
	case dns.RcodeSuccess:
	case dns.RcodeNameError:
		return nil, Report{}, ErrNoDomain
	default:
		return nil, Report{}, fmt.Errorf("%w: it says %s for the domain's MX records", ErrNoDNS, text.Printable(dns.RcodeToString[a.code]))
	}
	report := Report{DNSSEC: a.signed, TLSRPT: []string{}}
	hosts := hostsOf(a.records)
	if len(hosts) == 0 && len(a.records) > 0 {
		report.NoMail = "null-mx"
		return nil, report, nil
	}
	if len(hosts) == 0 {
		addresses, err := k.dns.addresses(ctx, k.domain)
		if err != nil {
			return nil, Report{}, err
		}
		if len(addresses) == 0 {
			report.NoMail = "no-address"
			return nil, report, nil
		}
		hosts = []exchanger{{name: k.domain}}
	}
	report.LeftOut = max(0, len(hosts)-maxMX)
	return hosts[:len(hosts)-report.LeftOut], report, nil
}

// hostsOf sorts MX records by preference, each host once.
func hostsOf(records []dns.RR) []exchanger {
	var hosts []exchanger
	for _, rr := range records {
		if mx, ok := rr.(*dns.MX); ok && mx.Mx != "." {
			hosts = append(hosts, exchanger{text.Printable(strings.ToLower(strings.TrimSuffix(mx.Mx, "."))), mx.Preference})
		}
	}
	slices.SortFunc(hosts, func(a, b exchanger) int {
		return cmp.Or(cmp.Compare(a.preference, b.preference), cmp.Compare(a.name, b.name))
	})
	seen := map[string]bool{}
	return slices.DeleteFunc(hosts, func(h exchanger) bool {
		before := seen[h.name]
		seen[h.name] = true
		return before
	})
}

// reporting gives the addresses where the domain wants reports on TLS (RFC 8460 §3).
func (k *check) reporting(ctx context.Context) []string {
	to := []string{}
	texts, err := k.dns.texts(ctx, "_smtp._tls."+k.domain)
	if err != nil {
		return to
	}
	for _, t := range texts {
		fields := fieldsOf(t)
		if fields["v"] != "TLSRPTv1" {
			continue
		}
		for uri := range strings.SplitSeq(fields["rua"], ",") {
			if uri = text.Printable(strings.TrimSpace(uri)); uri != "" && len(to) < maxMX {
				to = append(to, uri)
			}
		}
	}
	return to
}

// fieldsOf reads "v=TLSRPTv1; rua=mailto:x". The version stands first; what has none is nothing.
func fieldsOf(record string) map[string]string {
	fields := map[string]string{}
	for i, part := range strings.Split(record, ";") {
		name, value, _ := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if i == 0 && name != "v" {
			return nil
		}
		if _, again := fields[name]; !again {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}
