package check

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	maxResolvers = 3
	maxTries     = 2               // of each resolver
	maxWait      = 3 * time.Second // for one try
	maxAddresses = 4               // of one host
	udpSize      = 1232            // bytes; larger answers come over TCP
)

// systemResolvers are those of /etc/resolv.conf.
func systemResolvers() ([]string, error) {
	c, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return nil, fmt.Errorf("%w: reading /etc/resolv.conf: %w", ErrNoDNS, err)
	}
	var all []string
	for _, s := range c.Servers {
		all = append(all, net.JoinHostPort(s, c.Port))
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: /etc/resolv.conf names none", ErrNoDNS)
	}
	return all, nil
}

// resolver asks recursive name servers.
type resolver struct {
	servers []string
	step    time.Duration
}

// answer is a name server's answer: its code, the records of the kind asked for, and whether it vouches for them (AD).
type answer struct {
	code    int
	records []dns.RR
	signed  bool
}

// ask wants the records of a kind. With unchecked the server is told not to verify signatures (CD). The error is
// ErrNoDNS or ctx's; that a name does not exist, or that the server failed, is an answer.
func (r *resolver) ask(ctx context.Context, name string, kind uint16, unchecked bool) (answer, error) {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), kind)
	q.SetEdns0(udpSize, true)
	q.AuthenticatedData, q.CheckingDisabled = true, unchecked
	for range maxTries {
		for _, server := range r.servers[:min(len(r.servers), maxResolvers)] {
			if ctx.Err() != nil {
				return answer{}, ctx.Err()
			}
			if m := r.exchange(ctx, q, server); m != nil {
				return answer{code: m.Rcode, records: reached(m, dns.Fqdn(name), kind), signed: m.AuthenticatedData}, nil
			}
		}
	}
	return answer{}, ErrNoDNS
}

// exchange asks one server over UDP, and over TCP where the answer did not fit. Nil: nothing that answers the question.
func (r *resolver) exchange(ctx context.Context, q *dns.Msg, server string) *dns.Msg {
	for _, network := range []string{"udp", "tcp"} {
		c := &dns.Client{Net: network, Timeout: min(r.step, maxWait)}
		m, _, err := c.ExchangeContext(ctx, q, server)
		switch {
		case err != nil, !m.Response, len(m.Question) != 1, m.Question[0].Qtype != q.Question[0].Qtype,
			!strings.EqualFold(m.Question[0].Name, q.Question[0].Name):
			return nil
		case m.Rcode == dns.RcodeRefused, m.Rcode == dns.RcodeNotImplemented, m.Rcode == dns.RcodeFormatError:
			return nil // it does not serve us; the next one may
		case !m.Truncated:
			return m
		}
	}
	return nil
}

// reached gives the records of a kind that belong to name, or to where its aliases lead.
func reached(m *dns.Msg, name string, kind uint16) []dns.RR {
	for range 8 {
		var found []dns.RR
		next := ""
		for _, rr := range m.Answer {
			if !strings.EqualFold(rr.Header().Name, name) {
				continue
			}
			if rr.Header().Rrtype == kind {
				found = append(found, rr)
			}
			if alias, ok := rr.(*dns.CNAME); ok {
				next = alias.Target
			}
		}
		if len(found) > 0 || next == "" {
			return found
		}
		name = next
	}
	return nil
}

// addresses gives a host's addresses, IPv4 first, at most four of them.
func (r *resolver) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	var all []netip.Addr
	var failed error
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		a, err := r.ask(ctx, host, kind, false)
		if err != nil || a.code == dns.RcodeServerFailure {
			failed = ErrNoDNS
		}
		for _, rr := range a.records {
			ip := net.IP(nil)
			switch rr := rr.(type) {
			case *dns.A:
				ip = rr.A
			case *dns.AAAA:
				ip = rr.AAAA
			}
			if addr, ok := netip.AddrFromSlice(ip); ok && !slices.Contains(all, addr.Unmap()) {
				all = append(all, addr.Unmap())
			}
		}
	}
	if len(all) > 0 {
		return mixed(all), nil
	}
	return nil, failed
}

// mixed keeps the first addresses and makes sure that a host with both kinds is tried on both.
func mixed(all []netip.Addr) []netip.Addr {
	if len(all) <= maxAddresses {
		return all
	}
	first := all[:maxAddresses]
	if at := slices.IndexFunc(all, netip.Addr.Is6); at >= maxAddresses {
		first[maxAddresses-1] = all[at]
	}
	return first
}

// texts gives the TXT records of a name, the strings of each joined (RFC 7208 §3.3).
func (r *resolver) texts(ctx context.Context, name string) ([]string, error) {
	a, err := r.ask(ctx, name, dns.TypeTXT, false)
	if err != nil {
		return nil, err
	}
	if a.code != dns.RcodeSuccess && a.code != dns.RcodeNameError {
		return nil, ErrNoDNS
	}
	var all []string
	for _, rr := range a.records {
		if t, ok := rr.(*dns.TXT); ok {
			all = append(all, unescaped(strings.Join(t.Txt, "")))
		}
	}
	return all, nil
}

// unescaped undoes the library's \" and \DDD.
func unescaped(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if i+3 < len(s) && strings.Trim(s[i+1:i+4], "0123456789") == "" {
			b.WriteByte((s[i+1]-'0')*100 + (s[i+2]-'0')*10 + s[i+3] - '0')
			i += 3
			continue
		}
		i++
		b.WriteByte(s[i])
	}
	return b.String()
}
