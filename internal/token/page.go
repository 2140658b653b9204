package token

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Page is the fields of the token of a form's page.
type Page struct {
	Form     string
	Revision [32]byte
	Issued   time.Time // to the millisecond
	ID       int64     // of the submission that this page will make
	Nonce    [16]byte  // known to this page alone: it proves that a repeat is a repeat
}

const pageVersion = 1

// NewPage mints the token of one showing of a form.
func (m *Maker) NewPage(form string, revision [32]byte) string {
	now := m.now()
	p := Page{Form: form, Revision: revision, Issued: now, ID: newID(now)}
	_, _ = rand.Read(p.Nonce[:]) // never fails: it ends the program instead
	b := make([]byte, 0, 160)
	b = append(b, pageVersion)
	b = appendField(b, p.Form)
	b = append(b, p.Revision[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(now.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(p.ID)) //nolint:gosec // 63 bits
	b = append(b, p.Nonce[:]...)
	return m.seal(m.page, "page", b)
}

// OpenPage checks a posted token: ErrForged, or ErrExpired when it is older than Life or comes from the future.
func (m *Maker) OpenPage(s string) (Page, error) {
	b, err := m.open(m.page, "page", pageVersion, s)
	if err != nil {
		return Page{}, err
	}
	form, rest, ok := cutField(b)
	if !ok || len(rest) != 32+8+8+16 {
		return Page{}, ErrForged
	}
	p := Page{Form: form}
	copy(p.Revision[:], rest)
	p.Issued = time.UnixMilli(int64(binary.BigEndian.Uint64(rest[32:]))) //nolint:gosec // we wrote it
	p.ID = int64(binary.BigEndian.Uint64(rest[40:]))                     //nolint:gosec // we wrote it
	copy(p.Nonce[:], rest[48:])
	if age := m.now().Sub(p.Issued); age > Life || age < -time.Minute {
		return Page{}, ErrExpired
	}
	return p, nil
}

// Mark is a MAC in place of the page's nonce in the store: who reads it there learns no nonce.
func (m *Maker) Mark(p Page) [16]byte {
	return [16]byte(m.mac(m.nonce, "nonce", p.Nonce[:])[:16])
}

// attemptBits are the lowest bits of an id: which correction of the same page it is. Ids are positive and ordered by time:
// above them are 20 random bits, then milliseconds since 2025.
const attemptBits = 2

// Corrections is how often one page can be sent again with other answers.
const Corrections = 1<<attemptBits - 1

var epoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

func newID(now time.Time) int64 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return joinID(now.UnixMilli()-epoch, binary.BigEndian.Uint32(b[:]))
}

func joinID(ms int64, random uint32) int64 {
	return (ms&(1<<41-1))<<22 | int64(random&(1<<20-1))<<attemptBits
}

// SecondID is used when another page happened to draw the same id in the same millisecond: it follows from the nonce,
// so that a repeat comes to the same.
func (p Page) SecondID() int64 {
	h := hmac.New(sha256.New, p.Nonce[:])
	h.Write([]byte("second id"))
	return joinID(p.ID>>22, binary.BigEndian.Uint32(h.Sum(nil)))
}
