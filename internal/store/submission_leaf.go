package store

import "sealform/internal/digest"

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
	m.Text(p.form)
	m.Number(p.id)
	m.Number(p.seq)
	m.Number(p.received)
	m.Text(p.reference)
	m.Bytes(p.revision)
	m.Number(p.files)
	m.Bytes(p.filesHash)
	m.Bytes(p.sealed)
	return m.Sum(nil)
}

// tombstone is the rest of a submission beside its place: its leaf, when it was erased, and why.
type tombstone struct {
	leaf   []byte
	erased int64
	why    string
}

// tombstoneMAC is the MAC that this program alone can make when it erases, or only mails.
func (s *Store) tombstoneMAC(b tombstone) []byte {
	m := s.mac("tombstone")
	m.Bytes(b.leaf)
	m.Number(b.erased)
	m.Text(b.why)
	return m.Sum(nil)
}

// sessionKey is the MAC over a session key: of this message, for this reader.
func (s *Store) sessionKey(message int64, p packet) []byte {
	m := s.mac("key")
	m.Number(message)
	m.Bytes(p.reader)
	m.Bytes(p.bytes)
	return m.Sum(nil)
}

// mac begins a MAC with its kind and the service.
func (s *Store) mac(kind string) digest.Hash { return digest.MAC(s.cfg.LeafKey, kind, s.cfg.Service) }

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
	h := digest.New()
	for _, f := range all {
		h.Number(f.size)
		h.Bytes(f.hash)
	}
	return h.Sum(nil)
}
