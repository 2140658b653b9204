package private

import (
	"crypto/rsa"
	"math/big"

	"github.com/ProtonMail/go-crypto/openpgp/ecdh"
	"github.com/ProtonMail/go-crypto/openpgp/ecdsa"
	"github.com/ProtonMail/go-crypto/openpgp/ed25519"
	"github.com/ProtonMail/go-crypto/openpgp/ed448"
	"github.com/ProtonMail/go-crypto/openpgp/eddsa"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/go-crypto/openpgp/x25519"
	"github.com/ProtonMail/go-crypto/openpgp/x448"

	"sealform/keys"
)

// Unlocked can open messages. Wipe it after use.
type Unlocked struct {
	fingerprint keys.Fingerprint
	keys        []*packet.PrivateKey // encryption keys only
}

// Fingerprint names the key by its primary key.
func (u *Unlocked) Fingerprint() keys.Fingerprint { return u.fingerprint }

// Wipe overwrites the secrets we can reach; the key opens nothing afterwards. Copies
// that the OpenPGP library made while parsing go with the garbage collector.
func (u *Unlocked) Wipe() {
	for _, k := range u.keys {
		wipeKey(k)
	}
	u.keys = nil
}

func wipeKey(k *packet.PrivateKey) {
	wipeSecret(k.PrivateKey)
	k.PrivateKey = nil
}

// wipeSecret overwrites the secret fields of a parsed key.
func wipeSecret(secret any) {
	switch s := secret.(type) {
	case *eddsa.PrivateKey:
		clear(s.D)
	case *ed25519.PrivateKey:
		clear(s.Key)
	case *ed448.PrivateKey:
		clear(s.Key)
	case *ecdsa.PrivateKey:
		wipeInt(s.D)
	case *ecdh.PrivateKey:
		clear(s.D)
	case *x25519.PrivateKey:
		clear(s.Secret)
	case *x448.PrivateKey:
		clear(s.Secret)
	case *rsa.PrivateKey:
		wipeInt(s.D)
		for _, p := range s.Primes {
			wipeInt(p)
		}
		wipeInt(s.Precomputed.Dp)
		wipeInt(s.Precomputed.Dq)
		wipeInt(s.Precomputed.Qinv)
	}
}

// wipeInt overwrites a number's words.
func wipeInt(n *big.Int) {
	if n != nil {
		clear(n.Bits())
	}
}
