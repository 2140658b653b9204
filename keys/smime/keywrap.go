package smime

import (
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// wrapKey is AES key wrap (RFC 3394 §2.2.1) of a key whose length is a multiple of 8 octets, at least 16.
func wrapKey(kek, key []byte) ([]byte, error) {
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, err
	}
	n := len(key) / 8
	if n < 2 || len(key)%8 != 0 {
		return nil, errors.New("key wrap takes whole pieces of 8 octets, two at least")
	}
	out := make([]byte, 8+len(key))
	copy(out[8:], key)
	var b [aes.BlockSize]byte
	defer clear(b[:])
	for i := range 8 {
		b[i] = 0xA6 // §2.2.3.1
	}
	for round := range 6 {
		for i := 1; i <= n; i++ {
			copy(b[8:], out[8*i:8*i+8])
			block.Encrypt(b[:], b[:])
			step := uint64(n*round + i)
			binary.BigEndian.PutUint64(b[:8], binary.BigEndian.Uint64(b[:8])^step)
			copy(out[8*i:], b[8:])
		}
	}
	copy(out, b[:8])
	return out, nil
}

// deriveKey is the key derivation of ANSI X9.63 with SHA-256 (SEC 1 §3.6.1).
func deriveKey(secret, info []byte, size int) []byte {
	var out []byte
	for counter := uint32(1); len(out) < size; counter++ {
		h := sha256.New()
		_, _ = h.Write(secret)
		_, _ = h.Write(binary.BigEndian.AppendUint32(nil, counter))
		_, _ = h.Write(info)
		out = h.Sum(out)
	}
	return out[:size]
}
