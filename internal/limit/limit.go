// Package limit slows down guessing and keeps dear work from piling up. It holds four
// ideas and no policy: who is limited, and to what, is the caller's to say.
//
//   - Gate: so many run at once, so many wait, for so long. Everything that costs a
//     password hash goes through one gate, so that a flood of sign-ins takes neither
//     the memory nor the processors that visitors' submissions need.
//   - Growth: how long to wait after the n-th failure in a row. It ends at a longest
//     wait and never at a closed door: a lock-out that lasts would let a stranger
//     keep the owner out.
//   - Buckets: how often something may happen for one key, such as an address. They
//     live in memory, are bounded, and forget by draining. Waits are the same for a
//     Growth: failures in a row of a name that has no account to count them at.
//   - Crowd: so many connections are open at once, in all and for one prefix, and none
//     of them waits for long for somebody who does not read.
//
// Failures that must survive a restart are counted in the store; a Growth tells the
// store what a count means.
package limit

import "net/netip"

// Prefix is the part of an address that one household or machine holds: an IPv4
// address whole, the first 64 bits of an IPv6 address. An IPv4 address that comes
// mapped into IPv6 counts as IPv4; a zone is dropped.
func Prefix(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 64
	if a.Is4() {
		bits = 32
	}
	p, err := a.Prefix(bits)
	if err != nil { // only the zero Addr: all unknown peers share one bucket
		return netip.Prefix{}
	}
	return p
}
