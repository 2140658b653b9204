package private

import (
	"bytes"

	"sealform/keys"
)

// MaxOpen is the largest data packet that Open reads into memory, in bytes. Larger
// messages go through Check.
const MaxOpen = 64 << 20

// Open reads the whole message, verifies it and only then gives its plaintext and who signed it.
// Errors: ErrWrongKey, ErrDamaged, ErrUnsigned (no signature of a key in by),
// ErrUnsupported, ErrTooLarge, ErrLocked after Wipe.
func (u *Unlocked) Open(s keys.Sealed, by *keys.Verifiers) (keys.Plaintext, keys.Fingerprint, error) {
	data := s.Data()
	if len(data) > MaxOpen {
		return keys.Plaintext{}, "", ErrTooLarge
	}
	if s.Kind() != keys.OpenPGP {
		return keys.Plaintext{}, "", ErrUnsupported
	}
	key, err := u.sessionKey(s.SessionKeys())
	if err != nil {
		return keys.Plaintext{}, "", err
	}
	defer clear(key)
	d, err := newDecrypter(bytes.NewReader(data), key, len(data), true)
	if err != nil {
		return keys.Plaintext{}, "", err
	}
	defer d.wipe()
	var out bytes.Buffer
	out.Grow(len(data))
	signer, _, _, err := readContent(d, &out, by)
	if err != nil {
		clear(out.Bytes())
		return keys.Plaintext{}, "", err
	}
	return keys.NewPlaintext(out.Bytes()), signer, nil
}
