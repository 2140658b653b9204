package web

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Hosts are the names that a program answers to, with port where it is not 443.
type Hosts struct{ names []string }

// NewHosts takes names such as "forms.example" or "localhost:8443". No name at all is an error, as is one that
// holds more than a name and a port.
func NewHosts(names []string) (Hosts, error) {
	var h Hosts
	for _, n := range names {
		if n == "" || strings.ContainsAny(n, "/@ \t\\?#") {
			return Hosts{}, fmt.Errorf("host name %q: write a name, and a port where it is not 443", n)
		}
		h.names = append(h.names, canonical(n))
	}
	if len(h.names) == 0 {
		return Hosts{}, fmt.Errorf("no host name: say which names to answer to")
	}
	return h, nil
}

// Has tells whether a Host header is one of ours.
func (h Hosts) Has(host string) bool {
	return slices.Contains(h.names, host) || slices.Contains(h.names, canonical(host))
}

// canonical is lower case, without a final dot and without :443.
func canonical(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ":443")
	name := bareName(host)
	return strings.TrimSuffix(name, ".") + host[len(name):]
}

// bareName cuts the port off.
func bareName(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		if _, err := netip.ParseAddr(host); err != nil { // not a bare IPv6 address
			return host[:i]
		}
	}
	return host
}
