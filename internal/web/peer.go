package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// Peers finds the sender of a request. Proxies are those whose X-Forwarded-For and X-Forwarded-Proto are believed;
// with none, both headers mean nothing.
type Peers struct {
	Proxies []netip.Prefix
}

// Addr is the sender's address: that of the connection, or, where a trusted proxy holds the connection, the
// rightmost address in X-Forwarded-For that is not a trusted proxy itself. What stands further left was
// written by the sender and is not looked at. The zero Addr: not known.
func (p Peers) Addr(r *http.Request) netip.Addr {
	addr := connection(r)
	if !p.trusts(addr) {
		return addr
	}
	lines := r.Header.Values("X-Forwarded-For")
	for i := len(lines) - 1; i >= 0; i-- {
		hops := strings.Split(lines[i], ",")
		for j := len(hops) - 1; j >= 0; j-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[j]))
			if err != nil {
				return addr // whoever wrote this is no proxy of ours: the last one known counts
			}
			addr = hop.Unmap().WithZone("")
			if !p.trusts(addr) {
				return addr
			}
		}
	}
	return addr
}

// Secure tells whether the request came over TLS: to us, or to a trusted proxy that says so.
func (p Peers) Secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if !p.trusts(connection(r)) {
		return false
	}
	said := r.Header.Values("X-Forwarded-Proto")
	return len(said) == 1 && strings.EqualFold(strings.TrimSpace(said[0]), "https")
}

func (p Peers) trusts(a netip.Addr) bool {
	for _, prefix := range p.Proxies {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

func connection(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
