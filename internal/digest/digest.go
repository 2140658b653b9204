// Package digest hashes and authenticates lists of fields, each with its length before it, so that no two lists run
// together to the same bytes.
//
//	m := digest.MAC(key, "sealform audit entry 1", service) // HMAC-SHA256, begun with its kind and the service
//	m.Number(entry.Seq)
//	m.Text(entry.Who)
//	sum := m.Sum(nil)
//
// The audit record, the leaves of submissions and the content of a post are written so. The bytes are frozen: what was
// signed years ago is checked by the same code, so a new list gets a new kind and an old one never another field. Keys are
// the callers', one for each purpose. The package keeps nothing.
package digest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// Hash takes fields, and gives their sum by Sum.
type Hash struct{ hash.Hash }

// New is SHA-256.
func New() Hash { return Hash{sha256.New()} }

// MAC is HMAC-SHA256 under a key, begun with these fields.
func MAC(key []byte, begin ...string) Hash {
	m := Hash{hmac.New(sha256.New, key)}
	for _, s := range begin {
		m.Text(s)
	}
	return m
}

// Bytes adds a field after its length.
func (h Hash) Bytes(b []byte) {
	h.Number(int64(len(b)))
	h.Write(b)
}

// Text adds a field after its length in bytes.
func (h Hash) Text(s string) { h.Bytes([]byte(s)) }

// Number adds eight bytes, the highest first.
func (h Hash) Number(n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n)) //nolint:gosec // two's complement, only to be hashed
	h.Write(b[:])
}
