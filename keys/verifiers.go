package keys

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// ErrSignature means that a signature is missing, broken, or of a key not believed.
var ErrSignature = errors.New("the signature is not of a key this service knows")

// Verifiers are the signing keys whose messages the viewer believes.
type Verifiers struct{ byKeyID map[uint64]*packet.PublicKey }

// ParseVerifiers reads the certificates of signing keys, armored or binary: the current
// one and those rotated out. One that is revoked or does not verify is refused.
func ParseVerifiers(certs ...[]byte) (*Verifiers, error) {
	v := &Verifiers{byKeyID: make(map[uint64]*packet.PublicKey, len(certs))}
	for i, b := range certs {
		raw, err := certificateBytes(b)
		if err != nil {
			return nil, fmt.Errorf("signing key %d: %w", i+1, err)
		}
		entity, err := readEntity(raw, 4)
		if err != nil {
			return nil, fmt.Errorf("signing key %d: %w", i+1, err)
		}
		name := nameKey("", FingerprintOf(entity.PrimaryKey.Fingerprint))
		if revoked(entity) {
			return nil, &Refusal{Key: name, Reason: ErrRevoked, Mend: "Take it out of the signing keys."}
		}
		if _, err := entity.VerifyPrimaryKey(time.Time{}, policy); err != nil {
			return nil, &Refusal{Key: name, Reason: ErrNotCertificate, Mend: "Put the signing key back from the secrets folder."}
		}
		v.byKeyID[entity.PrimaryKey.KeyId] = entity.PrimaryKey
	}
	return v, nil
}

// Fingerprints names the keys, in no order.
func (v *Verifiers) Fingerprints() []Fingerprint {
	all := make([]Fingerprint, 0, len(v.byKeyID))
	for _, k := range v.byKeyID {
		all = append(all, FingerprintOf(k.Fingerprint))
	}
	return all
}

// Verify checks one signature packet over content of which hashed is the SHA-256 state
// so far, and says who signed. It accepts only what Signer writes: version 4, binary,
// SHA-256. hashed is used up.
func (v *Verifiers) Verify(signature []byte, hashed hash.Hash) (Fingerprint, error) {
	if v == nil {
		return "", ErrSignature
	}
	parsed, err := packet.Read(bytes.NewReader(signature))
	if err != nil {
		return "", ErrSignature
	}
	s, ok := parsed.(*packet.Signature)
	if !ok || s.Version != 4 || s.SigType != packet.SigTypeBinary || s.Hash != crypto.SHA256 || s.IssuerKeyId == nil {
		return "", ErrSignature
	}
	key := v.byKeyID[*s.IssuerKeyId]
	if key == nil || s.IssuerFingerprint != nil && !bytes.Equal(s.IssuerFingerprint, key.Fingerprint) {
		return "", ErrSignature
	}
	if err := key.VerifySignature(hashed, s); err != nil {
		return "", ErrSignature
	}
	return FingerprintOf(key.Fingerprint), nil
}
