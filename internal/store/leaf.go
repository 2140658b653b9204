package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// The kinds of leaf: a submission that is kept, and one that was only mailed. They
// differ so that nobody can pass a kept one, gone, for mailed.
const (
	leafKept   = "leaf"
	leafMailed = "leaf of a mailed submission"
)

// leaf is the MAC that ties a submission's id and number to its sealed answers: what it
// covers cannot be moved to another row, form, number or service without the leaf key.
func (s *Store) leaf(kind, form string, id, seq int64, sealed []byte) []byte {
	m := hmac.New(sha256.New, s.cfg.LeafKey)
	field(m, []byte(kind))
	field(m, []byte(s.cfg.Service))
	field(m, []byte(form))
	number(m, id)
	number(m, seq)
	field(m, sealed)
	return m.Sum(nil)
}

func field(h hash.Hash, b []byte) {
	number(h, int64(len(b)))
	h.Write(b)
}

func number(h hash.Hash, n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n)) //nolint:gosec // two's complement, only to be hashed
	h.Write(b[:])
}
