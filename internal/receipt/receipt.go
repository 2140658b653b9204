// Package receipt keeps a visitor's mail address, for as long as a receipt to it waits, in a form that the database can
// hold: AES-256-GCM under a key that is derived from the secrets folder.
//
//	box, err := receipt.New(secrets.Key("receipt addresses"), secrets.Key("receipt marks"), time.Now)
//	sealed, mark := box.Seal(address)
//	address, err := box.Open(sealed)
//
// The mark bounds how many receipts an address gets in a day without saying which address it is: a MAC of day (UTC) and
// address, so that the marks of two days do not tell who came back.
package receipt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// longest is the most bytes of an address (RFC 5321 §4.5.3.1.3). Addresses are padded to it, so that lengths tell nothing.
const longest = 254

// ErrSealed means that bytes are not an address that this service sealed.
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

// Seal gives the sealed address and its mark of today; nil for an address that is longer than any can be.
func (b *Box) Seal(address []byte) (sealed []byte, mark [32]byte) {
	if len(address) == 0 || len(address) > longest {
		return nil, mark
	}
	padded := make([]byte, longest)
	copy(padded, address)
	m := hmac.New(sha256.New, b.marks)
	m.Write([]byte(b.now().UTC().Format(time.DateOnly)))
	m.Write(bytes.ToLower(address))
	m.Sum(mark[:0])
	sealed = b.aead.Seal(nil, nil, padded, []byte("receipt"))
	clear(padded)
	return sealed, mark
}

// Open is the way back; ErrSealed.
func (b *Box) Open(sealed []byte) (string, error) {
	padded, err := b.aead.Open(nil, nil, sealed, []byte("receipt"))
	if err != nil || len(padded) != longest {
		return "", ErrSealed
	}
	return string(bytes.TrimRight(padded, "\x00")), nil
}
