package headers

import (
	"net/netip"
	"slices"
	"strings"
)

// inside tells whether a hop stayed in one host, as far as the receiving server itself says. A HELO name alone, which
// the sender chose, makes no hop an inside one against the address beside it.
func inside(l line) bool {
	from, by, with := l["from"], l["by"], strings.ToLower(l["with"].word())
	switch {
	case with == "local", strings.HasPrefix(with, "local-"), with == "mapi", with == "pipe", with == "stdio":
		return true
	case from == nil:
		return false // hop decides
	}
	sender, receiver := peerOf(from), peerOf(by)
	switch {
	case len(sender.addresses) > 0 && all(sender.addresses, netip.Addr.IsLoopback):
		return true
	case len(sender.addresses) == 0 && (isLocalhost(sender.name) || isLocalhost(receiver.name)):
		return true
	case isLMTP(with) && all(sender.addresses, isNear):
		return true
	case sender.name != "" && sender.name == receiver.name:
		return sender.isItself()
	}
	return slices.ContainsFunc(sender.addresses, func(a netip.Addr) bool { return slices.Contains(receiver.addresses, a) })
}

// isLMTP tells whether the hop was by LMTP, which is for the last step into a mailbox and not for wide-area networks
// (RFC 2033 §5).
func isLMTP(with string) bool {
	return with == "lmtp" || with == "lmtpa" || with == "utf8lmtp" || with == "utf8lmtpa"
}

// isNear tells whether it is an address of this host or of a private network.
func isNear(a netip.Addr) bool { return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() }

// all is true of no addresses at all.
func all(addresses []netip.Addr, is func(netip.Addr) bool) bool {
	return !slices.ContainsFunc(addresses, func(a netip.Addr) bool { return !is(a) })
}

func isLocalhost(name string) bool {
	return name == "localhost" || strings.HasPrefix(name, "localhost.") || strings.HasSuffix(name, ".localhost")
}

// peer is one side of a hop as the line describes it: its name, the name found by its address, and its addresses.
type peer struct {
	name, reverse string
	addresses     []netip.Addr
}

// peerOf reads "name (reverse [address])", "[address] (helo=name)", "name (address)", "reverse (HELO name) (address)".
func peerOf(c *clause) peer {
	p := peer{name: hostname(c.word())}
	if c == nil {
		return p
	}
	for _, text := range c.comments {
		before := len(p.addresses)
		words := strings.Fields(text)
		for _, w := range words {
			if first, _, _ := strings.Cut(strings.ToLower(w), "="); isGreeting(first) {
				break // what follows is the sender's own word
			}
			if a, ok := address(w); ok {
				p.addresses = append(p.addresses, a)
			}
		}
		if len(p.addresses) > before && p.reverse == "" {
			p.reverse = hostname(words[0][strings.LastIndexByte(words[0], '@')+1:]) // an ident answer may stand before it
		}
	}
	if a, ok := address(c.word()); ok && len(p.addresses) == 0 {
		p.addresses = append(p.addresses, a)
	}
	return p
}

func isGreeting(w string) bool { return w == "helo" || w == "ehlo" || w == "lhlo" }

// isItself tells, of a sender that bears the receiver's name, whether the line does not speak against it: a far address
// under another name does.
func (p peer) isItself() bool {
	return p.reverse == "" || p.reverse == p.name || all(p.addresses, isNear)
}

// address reads "[192.0.2.1]", "[IPv6:2001:db8::1]", "192.0.2.1", "[192.0.2.1]:2525" and "fe80::1%4".
func address(w string) (netip.Addr, bool) {
	w = strings.TrimPrefix(w, "[")
	if before, _, ok := strings.Cut(w, "]"); ok {
		w = before
	}
	if len(w) > 5 && strings.EqualFold(w[:5], "IPv6:") {
		w = w[5:]
	}
	a, err := netip.ParseAddr(w)
	return a.Unmap().WithZone(""), err == nil
}

func hostname(w string) string {
	if _, is := address(w); is {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(w), ".")
}
