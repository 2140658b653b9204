package receipt

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// How many receipts go out within 24 hours: to one address, to all of one domain, and to everybody.
const (
	perAddress = 3
	perDomain  = 30
	perService = 300
)

// Mark is what several receipts have in common, in a form that does not tell it, and how many of them may go out in 24 hours.
type Mark struct {
	MAC  [32]byte
	Most int
}

// marksOf are the marks of an address, of its domain, and of all. Those of an address are the same for all ways to write
// it that large providers deliver to one mailbox: letters of either size, dots, and whatever follows a plus. That some
// other provider takes them for several mailboxes costs a receipt at worst. A mark is a MAC over the week too (ISO 8601,
// UTC), so that the marks of two weeks do not tell who came back; when a week begins, counting begins anew.
func (b *Box) marksOf(address []byte) []Mark {
	local, domain := bytes.ToLower(address), []byte(nil)
	if at := bytes.LastIndexByte(local, '@'); at >= 0 {
		local, domain = local[:at], local[at+1:]
	}
	if plus := bytes.IndexByte(local, '+'); plus >= 0 {
		local = local[:plus]
	}
	local = bytes.ReplaceAll(local, []byte("."), nil)
	return []Mark{
		{MAC: b.mac("address", append(append(local, '@'), domain...)), Most: perAddress},
		{MAC: b.mac("domain", domain), Most: perDomain},
		{MAC: b.mac("service", nil), Most: perService},
	}
}

func (b *Box) mac(of string, value []byte) (sum [32]byte) {
	year, week := b.now().UTC().ISOWeek()
	m := hmac.New(sha256.New, b.marks)
	_, _ = fmt.Fprintf(m, "%s %d-%d ", of, year, week) // never fails
	m.Write(value)
	m.Sum(sum[:0])
	return sum
}
