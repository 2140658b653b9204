package outward

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// errInside stops a connection before its first packet.
var errInside = errors.New("an address that is not to be called")

// insideV4 are the IPv4 ranges that are not the open Internet (RFC 6890 and its registry), and the one address at which a
// cloud's host answers its guests although it looks like any other.
var insideV4 = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32",
)

// Of IPv6 only global unicast is outside, without what carries IPv4 addresses or stands in documents: Teredo and its
// neighbours, 6to4, documentation.
var (
	global   = netip.MustParsePrefix("2000::/3")
	insideV6 = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
	nat64    = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: an IPv4 address in the last four bytes
)

func prefixes(all ...string) []netip.Prefix {
	p := make([]netip.Prefix, len(all))
	for i, s := range all {
		p[i] = netip.MustParsePrefix(s)
	}
	return p
}

func within(a netip.Addr, all []netip.Prefix) bool {
	return slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(a) })
}

// inside says whether a must not be called. A range that is let through counts for the address it was written for,
// also where that is wrapped in IPv6.
func inside(a netip.Addr, allow []netip.Prefix) bool {
	if a.Zone() != "" {
		return true
	}
	a = a.Unmap()
	if nat64.Contains(a) {
		wide := a.As16()
		a = netip.AddrFrom4([4]byte(wide[12:]))
	}
	switch {
	case within(a, allow):
		return false
	case a.Is4():
		return within(a, insideV4)
	}
	return !global.Contains(a) || within(a, insideV6)
}

// dialer dials what is outside alone. It looks at the very address of each connection, after the name was resolved.
func (c *Client) dialer() *net.Dialer {
	return &net.Dialer{
		Resolver: c.Resolver,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(address)
			if err != nil || inside(a.Addr(), c.Allow) {
				return errInside
			}
			return nil
		},
	}
}
