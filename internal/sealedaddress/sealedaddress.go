// Package sealedaddress keeps a visitor's mail address, for as long as a receipt to it waits, in a form that the database can
// hold: AES-256-GCM under a key that is derived from the secrets folder, and bound to its submission, so that whoever
// writes to the database can't have a receipt of one submission go to the address of another.
//
//	box, err := sealedaddress.New(secrets.Key("receipt addresses"), secrets.Key("receipt marks"), time.Now)
//	to := box.Seal(submission, address)
//	address, err := box.Open(to.Sealed, submission)
//
// Marks bound how many receipts go out within 24 hours, without saying to whom.
package sealedaddress

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// longest is the most bytes of an address (RFC 5321 §4.5.3.1.3). Addresses are padded to it, so that lengths tell nothing.
const longest = 254

// ErrSealed means that bytes are not an address that this service sealed for that submission.
var ErrSealed = errors.New("not an address sealed by this service")

// Box seals and opens addresses.
type Box struct {
	aead  cipher.AEAD
	marks []byte
	now   func() time.Time
}

// New wants two keys of 32 bytes.
func New(key, marks []byte, now func() time.Time) (*Box, error) {
	if len(key) != 32 || len(marks) != 32 {
		return nil, errors.New("keys of 32 bytes are needed to seal addresses")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("sealing addresses: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("sealing addresses: %w", err)
	}
	return &Box{aead, marks, now}, nil
}

// Address is a visitor's mail address as the outbox may keep it: under a key that is not in the database.
type Address struct {
	Sealed []byte
	Marks  []Mark // what bounds how many receipts go out: of any, no more than its Most
}

// Seal gives the address sealed for the submission, and its marks of this week; nil for an address that is longer than
// any can be.
func (b *Box) Seal(submission int64, address []byte) *Address {
	if len(address) == 0 || len(address) > longest {
		return nil
	}
	padded := make([]byte, longest)
	copy(padded, address)
	sealed := b.aead.Seal(nil, nil, padded, bound(submission)) //nolint:gosec // the nonce is drawn by the AEAD itself
	clear(padded)
	return &Address{sealed, b.marksOf(address)}
}

// Open is the way back; ErrSealed.
func (b *Box) Open(sealed []byte, submission int64) (string, error) {
	padded, err := b.aead.Open(nil, nil, sealed, bound(submission))
	if err != nil || len(padded) != longest {
		return "", ErrSealed
	}
	return string(bytes.TrimRight(padded, "\x00")), nil
}

// bound is what an address is sealed with.
func bound(submission int64) []byte {
	return binary.BigEndian.AppendUint64([]byte("receipt of submission "), uint64(submission)) //nolint:gosec // the same bits
}

// Bounds of receipts within 24 hours: to one address, to all of one domain, and to everybody.
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
