package keys

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// MaxReaders is how many readers one message can have.
const MaxReaders = 64

// Recipients are the readers that one message is sealed to: 1 to 64 certificates.
type Recipients struct{ certs []*Certificate }

// NewRecipients puts readers together. The same certificate may come several times, as a
// person can be in two groups; it counts once. A version 6 certificate is a *Refusal: only the profile "modern", which
// one mailed address can have, seals to it.
func NewRecipients(certs ...*Certificate) (*Recipients, error) {
	r, err := gather(certs)
	if err != nil {
		return nil, err
	}
	for _, c := range r.certs {
		if c.version != 4 {
			return nil, c.refuse(Exactly(ErrUnsupported, "is a version %d key, which only the profile modern can seal to", c.version),
				"Give this address profile: modern in sealform.yaml, or use a version 4 key, which every program reads.")
		}
	}
	return r, nil
}

// gather drops repeats and counts.
func gather(certs []*Certificate) (*Recipients, error) {
	r := &Recipients{}
	seen := make(map[Fingerprint][32]byte, len(certs))
	for _, c := range certs {
		if c == nil || len(c.encryption) == 0 {
			return nil, errors.New("a reader's certificate was not parsed")
		}
		hash, twice := seen[c.fingerprint]
		if twice && hash != c.hash {
			return nil, c.refuse(ErrTwice, "Keep the newer file only.")
		}
		if !twice {
			seen[c.fingerprint] = c.hash
			r.certs = append(r.certs, c)
		}
	}
	if n := len(r.certs); n == 0 || n > MaxReaders {
		return nil, fmt.Errorf("a message has 1 to %d readers, not %d", MaxReaders, n)
	}
	return r, nil
}

// Fingerprints names the readers, in the order in which their session keys come.
func (r *Recipients) Fingerprints() []Fingerprint {
	all := make([]Fingerprint, len(r.certs))
	for i, c := range r.certs {
		all[i] = c.fingerprint
	}
	return all
}

// Usable says whether every reader can receive at that time: nil or the first *Refusal.
func (r *Recipients) Usable(now time.Time) error {
	for _, c := range r.certs {
		if err := c.Usable(now); err != nil {
			return err
		}
	}
	return nil
}

// wrap encrypts one session key to every reader, in packets of version 3 or 6 (RFC 9580 §5.1).
func (r *Recipients) wrap(version byte, key []byte, at time.Time) ([]SessionKey, error) {
	all := make([]SessionKey, len(r.certs))
	for i, c := range r.certs {
		public, err := c.receiving(at)
		if err != nil {
			return nil, err
		}
		var buf bytes.Buffer
		buf.Grow(packetSizeHint(public))
		if err := packet.SerializeEncryptedKeyAEAD(&buf, public, packet.CipherAES256, version == 6, key, nil); err != nil {
			return nil, fmt.Errorf("sealing to key %s: %w", c.name(), err)
		}
		all[i] = SessionKey{Reader: c.fingerprint, Packet: buf.Bytes()}
	}
	return all, nil
}

func packetSizeHint(k *packet.PublicKey) int {
	if k.PubKeyAlgo == packet.PubKeyAlgoRSA || k.PubKeyAlgo == packet.PubKeyAlgoRSAEncryptOnly {
		return 1040
	}
	return 112
}
