package record

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"sealform/forms"
)

// content is what a visitor typed and the form it answers, as it is on its way into the seal.
type content struct {
	form  *forms.Form
	pairs []forms.Pair
	files []forms.File // in the order of the form's fields
}

func contentOf(a *forms.Answers) *content {
	pairs, files := a.Disclose()
	return &content{a.Form(), pairs, files}
}

// ContentMAC is HMAC-SHA256(nonce, form, revision, every posted pair and every file's name, type, size and hash),
// each with its length before it, so that no two contents run together to the same bytes.
func ContentMAC(answers *forms.Answers, nonce []byte) [32]byte {
	a := contentOf(answers)
	m := lengthMAC{Hash: hmac.New(sha256.New, nonce)}
	m.add("sealform content 1")
	m.add(a.form.ID)
	m.add(string(a.form.Revision[:]))
	m.number(int64(len(a.pairs)))
	for _, p := range a.pairs {
		m.add(p.Name)
		m.bytes(p.Value)
	}
	m.number(int64(len(a.files)))
	for i := range a.files {
		f := &a.files[i]
		m.add(f.Field)
		m.add(f.Name)
		m.add(f.Type)
		m.number(f.Size)
		m.bytes(f.SHA256[:])
	}
	return [32]byte(m.Sum(nil))
}

// lengthMAC writes every item after its length.
type lengthMAC struct{ hash.Hash }

func (m lengthMAC) add(s string) { m.bytes([]byte(s)) }

func (m lengthMAC) bytes(b []byte) {
	m.number(int64(len(b)))
	m.Write(b)
}

func (m lengthMAC) number(n int64) {
	var l [8]byte
	binary.BigEndian.PutUint64(l[:], uint64(n)) //nolint:gosec // a length or size, never negative
	m.Write(l[:])
}
