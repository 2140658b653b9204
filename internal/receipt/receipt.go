// Package receipt keeps a visitor's mail address, for as long as a receipt to it waits, in a form that the database can
// hold: AES-256-GCM under a key that is derived from the secrets folder, and bound to its submission, so that whoever
// writes to the database can't have a receipt of one submission go to the address of another.
//
//	box, err := receipt.New(secrets.Key("receipt addresses"), secrets.Key("receipt marks"), time.Now)
//	sealed, marks := box.Seal(submission, address)
//	address, err := box.Open(sealed, submission)
//
// Marks bound how many receipts go out within 24 hours, without saying to whom (mark.go).
package receipt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
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

// Seal gives the address sealed for the submission, and its marks of this week; nil for an address that is longer than
// any can be.
func (b *Box) Seal(submission int64, address []byte) (sealed []byte, marks []Mark) {
	if len(address) == 0 || len(address) > longest {
		return nil, nil
	}
	padded := make([]byte, longest)
	copy(padded, address)
	sealed = b.aead.Seal(nil, nil, padded, bound(submission)) //nolint:gosec // the nonce is drawn by the AEAD itself
	clear(padded)
	return sealed, b.marksOf(address)
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
