package private

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"sealform/keys"
)

// held is one session's key, sealed: useless without the browser's half.
type held struct {
	person      string
	fingerprint keys.Fingerprint
	sealed      []byte // behind its nonce
	end         time.Time
	timer       *time.Timer
}

// seal encrypts u's secrets under half.
func (h *held) seal(session string, half []byte, u *Unlocked) (err error) {
	var open bytes.Buffer
	open.Grow(8 << 10)
	defer func() { clear(open.Bytes()) }()
	shielded(func() {
		for _, k := range u.keys {
			if err = k.Serialize(&open); err != nil {
				return
			}
		}
	})
	if err != nil {
		return fmt.Errorf("keeping a key: %w", err)
	}
	aead, err := newAEAD(half)
	if err != nil {
		return fmt.Errorf("keeping a key: %w", err)
	}
	h.sealed = aead.Seal(nil, nil, open.Bytes(), h.bound(session)) //nolint:gosec // the nonce is drawn by the AEAD itself
	return nil
}

// unseal is the way back; any other half, session or person fails.
func (h *held) unseal(session string, half []byte) (*Unlocked, error) {
	aead, err := newAEAD(half)
	if err != nil {
		return nil, ErrLocked
	}
	open, err := aead.Open(nil, nil, h.sealed, h.bound(session))
	if err != nil {
		return nil, ErrLocked
	}
	defer clear(open)
	u := &Unlocked{fingerprint: h.fingerprint}
	shielded(func() { u.keys, err = readOpen(open) })
	if err != nil {
		return nil, fmt.Errorf("opening a kept key: %w", err)
	}
	return u, nil
}

// readOpen parses unencrypted secret key packets.
func readOpen(b []byte) ([]*packet.PrivateKey, error) {
	var all []*packet.PrivateKey
	for found := packet.NewReader(bytes.NewReader(b)); ; {
		p, err := found.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		k, ok := p.(*packet.PrivateKey)
		if err != nil || !ok {
			return nil, ErrNotPrivate
		}
		all = append(all, k)
	}
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// bound is the additional data of the encryption (AEAD): session, person and fingerprint, each with its length
// before it. The same ciphertext opens for nobody else.
func (h *held) bound(session string) []byte {
	b := []byte("sealform vault 1")
	for _, part := range []string{session, h.person, string(h.fingerprint)} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part))) //nolint:gosec // short strings
		b = append(b, part...)
	}
	return b
}
