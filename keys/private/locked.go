package private

import (
	"bytes"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys"
	"sealform/keys/internal/packets"
)

// Locked is a private key under its password: Argon2id (64 MiB, t=3, p=1) and AEAD at rest.
// It can be used from several goroutines.
type Locked struct {
	raw         []byte
	packets     []packets.Packet // of raw
	encryption  []int            // which packets are secret keys that can decrypt, newest first
	fingerprint keys.Fingerprint
	public      []byte
}

// maxLocked is the largest locked key, in bytes: its certificate's limit and the secrets.
const maxLocked = 2 * keys.MaxCertificate

// ParseLocked reads what Bytes gave. ErrWeakLock if a secret in it is not locked with at
// least Argon2id 64 MiB, t=3, p=1; ErrCostlyLock if with so much that unlocking would
// stall the server; ErrNotLocked if it is anything else.
func ParseLocked(b []byte) (*Locked, error) {
	if len(b) > maxLocked {
		return nil, ErrNotLocked
	}
	all, err := packets.Split(b)
	if err != nil || len(all) == 0 || all[0].Tag != packets.TagSecretKey {
		return nil, ErrNotLocked
	}
	for _, p := range all {
		if !secret(p) {
			continue
		}
		if err := checkLock(p); err != nil {
			return nil, err
		}
	}
	return newLocked(bytes.Clone(b))
}

// newLocked finds out what is where in raw, which it takes over.
func newLocked(raw []byte) (*Locked, error) {
	l := &Locked{raw: raw}
	var err error
	if l.packets, err = packets.Split(raw); err != nil {
		return nil, ErrNotLocked
	}
	entity, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(raw)))
	if err != nil || entity.PrivateKey == nil || entity.PrimaryKey.Version != 4 {
		return nil, ErrNotLocked
	}
	_, identity := entity.PrimaryIdentity(time.Time{}, nil)
	if identity == nil {
		return nil, ErrNotLocked
	}
	l.fingerprint = keys.FingerprintOf(entity.PrimaryKey.Fingerprint)
	if l.public, err = publicHalf(l.packets); err != nil {
		return nil, err
	}
	l.findEncryption(entity)
	if len(l.encryption) == 0 {
		return nil, ErrNoSecret
	}
	return l, nil
}

// findEncryption notes the secret packets of keys that may decrypt. Age does not matter:
// an expired subkey still opens what was sealed to it.
func (l *Locked) findEncryption(e *openpgp.Entity) {
	able := map[string]bool{}
	for _, k := range e.DecryptionKeys(0, time.Time{}, nil) {
		if k.PrivateKey != nil && !k.PrivateKey.Dummy() {
			able[string(k.PublicKey.Fingerprint)] = true
		}
	}
	for i := len(l.packets) - 1; i >= 0; i-- {
		if !secret(l.packets[i]) {
			continue
		}
		if k, err := readSecret(l.packets[i]); err == nil && able[string(k.Fingerprint)] {
			l.encryption = append(l.encryption, i)
		}
	}
}

// secret tells whether a packet is a secret key or subkey.
func secret(p packets.Packet) bool {
	return p.Tag == packets.TagSecretKey || p.Tag == packets.TagSecretSubkey
}

// readSecret parses one secret key packet. Every call gives a fresh one, as decrypting
// changes it.
func readSecret(p packets.Packet) (*packet.PrivateKey, error) {
	parsed, err := packet.Read(bytes.NewReader(p.Raw))
	if err != nil {
		return nil, ErrNotPrivate
	}
	k, ok := parsed.(*packet.PrivateKey)
	if !ok {
		return nil, ErrNotPrivate
	}
	return k, nil
}

// publicHalf gives the certificate: the same packets, secret keys made public. Other
// packets are copied as they came.
func publicHalf(all []packets.Packet) ([]byte, error) {
	var buf bytes.Buffer
	for _, p := range all {
		if !secret(p) {
			buf.Write(p.Raw)
			continue
		}
		k, err := readSecret(p)
		if err != nil {
			return nil, err
		}
		if err := k.PublicKey.Serialize(&buf); err != nil {
			return nil, fmt.Errorf("writing a public key: %w", err)
		}
	}
	return buf.Bytes(), nil
}

// Bytes is the key for storage: an OpenPGP transferable secret key, binary, locked.
func (l *Locked) Bytes() []byte { return bytes.Clone(l.raw) }

// Fingerprint names the key.
func (l *Locked) Fingerprint() keys.Fingerprint { return l.fingerprint }

// Certificate is the armored public half, for keys.ParseCertificate and for gpg.
func (l *Locked) Certificate() []byte { return packets.Armor(packets.ArmorPublicKey, l.public) }

// Unlock runs Argon2id once for each encryption key the key has, which is one unless it
// was imported with more, and leaves the primary key locked. It takes about 0.15 s of
// CPU and 64 MiB: let only a few run at a time. ErrWrongPassword if the password is not
// right.
func (l *Locked) Unlock(pw keys.Password) (*Unlocked, error) {
	u := &Unlocked{fingerprint: l.fingerprint}
	for _, i := range l.encryption {
		k, err := readSecret(l.packets[i])
		if err != nil {
			u.Wipe()
			return nil, err
		}
		if err := decrypt(k, pw); err != nil {
			u.Wipe()
			return nil, err
		}
		u.keys = append(u.keys, k)
	}
	return u, nil
}

// decrypt takes the lock off k. The library does not tell a wrong password from damage,
// and neither could anyone: both fail the same check.
func decrypt(k *packet.PrivateKey, pw keys.Password) (err error) {
	shielded(func() { err = k.Decrypt(pw.Reveal()) })
	if err != nil {
		return ErrWrongPassword
	}
	return nil
}
