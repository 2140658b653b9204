package token

import (
	"crypto/aes"
	"crypto/subtle"
	"encoding/binary"
)

// SealID writes a submission's id as 22 characters that tell nothing and cannot be guessed: one AES block over
// the id and eight zero bytes. The same id always gives the same text, so that an address can be kept.
func (m *Maker) SealID(id int64) string {
	var b [aes.BlockSize]byte
	binary.BigEndian.PutUint64(b[:], uint64(id)) //nolint:gosec // bits, whatever they mean
	m.ids.Encrypt(b[:], b[:])
	return encoding.EncodeToString(b[:])
}

// OpenID is the way back; false for what SealID did not make.
func (m *Maker) OpenID(s string) (int64, bool) {
	var b [aes.BlockSize]byte
	if len(s) != encoding.EncodedLen(len(b)) {
		return 0, false
	}
	if n, err := encoding.Decode(b[:], []byte(s)); err != nil || n != len(b) {
		return 0, false
	}
	m.ids.Decrypt(b[:], b[:])
	if subtle.ConstantTimeCompare(b[8:], make([]byte, 8)) != 1 {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(b[:])), true //nolint:gosec // bits, whatever they mean
}
