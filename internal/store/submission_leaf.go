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

// place is a submission as it came: all that its leaf ties to its sealed answers. Row and
// tombstone both hold it.
type place struct {
	form      string
	id, seq   int64
	received  int64
	reference string
	revision  []byte
	files     int64
	filesHash []byte // hashOfFiles
	sealed    []byte // SHA-256 of the sealed answers
}

// leaf is the MAC over a place: what it covers cannot be altered, nor moved to another
// row, form, number or service, without the leaf key.
func (s *Store) leaf(kind string, p *place) []byte {
	m := s.mac(kind)
	field(m, []byte(p.form))
	number(m, p.id)
	number(m, p.seq)
	number(m, p.received)
	field(m, []byte(p.reference))
	field(m, p.revision)
	number(m, p.files)
	field(m, p.filesHash)
	field(m, p.sealed)
	return m.Sum(nil)
}

// burial is what a tombstone adds to the leaf.
type burial struct {
	leaf   []byte
	erased int64
	why    string
}

// tombstone is the MAC that this program alone can make when it erases, or only mails.
func (s *Store) tombstone(b burial) []byte {
	m := s.mac("tombstone")
	field(m, b.leaf)
	number(m, b.erased)
	field(m, []byte(b.why))
	return m.Sum(nil)
}

// sessionKey is the MAC over a session key: of this message, for this reader.
func (s *Store) sessionKey(message int64, p packet) []byte {
	m := s.mac("key")
	number(m, message)
	field(m, p.reader)
	field(m, p.bytes)
	return m.Sum(nil)
}

// mac begins a MAC with its kind and the service.
func (s *Store) mac(kind string) hash.Hash {
	m := hmac.New(sha256.New, s.cfg.LeafKey)
	field(m, []byte(kind))
	field(m, []byte(s.cfg.Service))
	return m
}

// storedFile is a file's row: where its sealed data lies, and what it is.
type storedFile struct {
	upload, chunks, size int64
	hash                 []byte // SHA-256 of the sealed data
}

// hashOfFiles stands for all files of a submission, in their order; it is empty for none.
func hashOfFiles(all []storedFile) []byte {
	if len(all) == 0 {
		return []byte{}
	}
	h := sha256.New()
	for _, f := range all {
		number(h, f.size)
		field(h, f.hash)
	}
	return h.Sum(nil)
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
