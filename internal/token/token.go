// Package token makes what the programs hand out and later believe: the token of a form's page, the address of a
// receipt, and the sealed number of a submission in the staff's addresses.
//
// A token is plain fields and a MAC (HMAC-SHA256) over its kind, the service id and those fields, each with its
// length in front, so that no two lists of fields give the same bytes. It is not secret, and holds nothing that is:
// ids, times, random numbers. Each kind has a key of its own, derived from one key with HKDF (RFC 5869).
//
// Nothing is kept here: a token is checked by itself, and any process with the same key can check it. Whether it was
// used before is for the store to say.
package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Errors of a token that is not believed.
var (
	ErrForged  = errors.New("token not made here") // altered, cut, of another kind or service, or made up
	ErrExpired = errors.New("token too old")
)

// Life is how long a page's token can be posted: nobody has to hurry (WCAG 2.2.1).
const Life = 24 * time.Hour

// Maker mints and checks tokens under one key.
type Maker struct {
	service              string
	now                  func() time.Time
	page, receipt, nonce []byte // a key each
	ids                  cipher.Block
}

// New takes a 32-byte key from the root secret and the service id, which every MAC covers.
func New(key []byte, service string, now func() time.Time) (*Maker, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("token key: need 32 bytes, got %d", len(key))
	}
	m := &Maker{service: service, now: now}
	var ids []byte
	for purpose, k := range map[string]*[]byte{"page": &m.page, "receipt": &m.receipt, "nonce": &m.nonce, "ids": &ids} {
		var err error
		if *k, err = hkdf.Key(sha256.New, key, nil, "sealform token "+purpose, 32); err != nil {
			return nil, fmt.Errorf("token key: %w", err)
		}
	}
	var err error
	if m.ids, err = aes.NewCipher(ids); err != nil {
		return nil, fmt.Errorf("token key: %w", err)
	}
	return m, nil
}

// mac covers kind, service and payload, each with its length in front.
func (m *Maker) mac(key []byte, kind string, payload []byte) []byte {
	b := make([]byte, 0, 256)
	b = appendField(b, kind)
	b = appendField(b, m.service)
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload))) //nolint:gosec // a payload is at most some hundred bytes
	h := hmac.New(sha256.New, key)
	h.Write(append(b, payload...))
	return h.Sum(nil)
}

// seal puts the MAC behind the payload and writes both as base64url (RFC 4648 §5).
func (m *Maker) seal(key []byte, kind string, payload []byte) string {
	return encoding.EncodeToString(append(payload, m.mac(key, kind, payload)...))
}

// open is seal's way back, for a payload that begins with that version; it gives what follows.
func (m *Maker) open(key []byte, kind string, version byte, s string) ([]byte, error) {
	if len(s) > longest || strings.ContainsAny(s, "\r\n") { // the decoder would pass over line ends
		return nil, ErrForged
	}
	b, err := encoding.DecodeString(s)
	if err != nil || len(b) < sha256.Size {
		return nil, ErrForged
	}
	payload, mac := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if !hmac.Equal(mac, m.mac(key, kind, payload)) || len(payload) == 0 || payload[0] != version {
		return nil, ErrForged
	}
	return payload[1:], nil
}

// longest is more than the longest token that is ever made.
const longest = 512

var encoding = base64.RawURLEncoding.Strict()

// appendField adds a string of at most 65,535 bytes with its length in front.
func appendField(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s))) //nolint:gosec // service and form ids and kinds are short
	return append(b, s...)
}

// cutField is appendField's way back.
func cutField(b []byte) (s string, rest []byte, ok bool) {
	if len(b) < 2 {
		return "", nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if len(b) < 2+n {
		return "", nil, false
	}
	return string(b[2 : 2+n]), b[2+n:], true
}
