package private

import (
	"bytes"
	"encoding/binary"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"sealform/keys"
	"sealform/keys/internal/packets"
)

const sessionKeySize = 32 // AES-256

// sessionKey opens the session key that was sealed to this key. ErrWrongKey if there is
// none, ErrDamaged if there is one that does not open, ErrUnsupported if it is of
// another version or not for AES-256.
func (u *Unlocked) sessionKey(all []keys.SessionKey) ([]byte, error) {
	if len(u.keys) == 0 {
		return nil, ErrLocked
	}
	reason := ErrWrongKey
	for _, s := range all {
		found, err := packets.Split(s.Packet)
		if err != nil || len(found) != 1 || len(found[0].Body) < 10 {
			reason = ErrDamaged
			continue
		}
		body := found[0].Body
		if body[0] != 3 {
			reason = ErrUnsupported
			continue
		}
		id := binary.BigEndian.Uint64(body[1:9])
		for _, k := range u.keys {
			if id != k.KeyId {
				continue
			}
			key, err := unwrap(s.Packet, k)
			if err == nil {
				return key, nil
			}
			reason = err
		}
	}
	return nil, reason
}

// unwrap decrypts one session-key packet.
func unwrap(raw []byte, k *packet.PrivateKey) ([]byte, error) {
	parsed, err := packet.Read(bytes.NewReader(raw))
	if err != nil {
		return nil, ErrDamaged
	}
	e, ok := parsed.(*packet.EncryptedKey)
	if !ok {
		return nil, ErrDamaged
	}
	shielded(func() { err = e.Decrypt(k, nil) })
	if err != nil {
		return nil, ErrDamaged
	}
	if e.CipherFunc != packet.CipherAES256 || len(e.Key) != sessionKeySize {
		clear(e.Key)
		return nil, ErrUnsupported
	}
	return e.Key, nil
}
