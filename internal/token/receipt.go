package token

import (
	"encoding/binary"
	"time"
)

// Receipt is the fields in the address of a receipt: that a submission was kept, and nothing of its answers.
type Receipt struct {
	Form      string
	Reference string
	Received  time.Time // to the millisecond
}

const receiptVersion = 1

// NewReceipt makes the last part of a receipt's address.
func (m *Maker) NewReceipt(r Receipt) string {
	b := make([]byte, 0, 160)
	b = append(b, receiptVersion)
	b = appendField(b, r.Form)
	b = appendField(b, r.Reference)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Received.UnixMilli()))
	return m.seal(m.receipt, "receipt", b)
}

// OpenReceipt is the way back, or ErrForged.
func (m *Maker) OpenReceipt(s string) (Receipt, error) {
	b, err := m.open(m.receipt, "receipt", receiptVersion, s)
	if err != nil {
		return Receipt{}, err
	}
	form, rest, ok := cutField(b)
	if !ok {
		return Receipt{}, ErrForged
	}
	reference, rest, ok := cutField(rest)
	if !ok || len(rest) != 8 {
		return Receipt{}, ErrForged
	}
	at := time.UnixMilli(int64(binary.BigEndian.Uint64(rest))) //nolint:gosec // we wrote it
	return Receipt{Form: form, Reference: reference, Received: at}, nil
}
