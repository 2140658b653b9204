package keys

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys/internal/packets"
)

// ErrSigner means that bytes are not a signing key that NewSigner made.
var ErrSigner = errors.New("not a signing key of this program")

// hashOctet names SHA-256 in packets (RFC 9580 §9.5).
const hashOctet = 8

// Signer is the server's signing key: it proves origin and opens nothing.
type Signer struct {
	key         *packet.PrivateKey
	fingerprint Fingerprint
	certificate []byte // binary
}

// NewSigner makes one; secret is what goes to secrets/, unencrypted OpenPGP transferable secret key.
// service names the installation and becomes the key's user id.
func NewSigner(service string, at time.Time) (s *Signer, secret []byte, err error) {
	if service == "" || len(service) > 200 || !utf8.ValidString(service) ||
		strings.ContainsFunc(service, unicode.IsControl) || strings.ContainsAny(service, "()<>") {
		return nil, nil, errors.New("a signing key needs a service name of 1 to 200 characters without brackets")
	}
	config := &packet.Config{
		Algorithm:     packet.PubKeyAlgoEdDSA,
		Curve:         packet.Curve25519,
		DefaultCipher: packet.CipherAES256,
		Time:          func() time.Time { return at },
	}
	entity, err := openpgp.NewEntity(service, "", "", config)
	if err != nil {
		return nil, nil, fmt.Errorf("making a signing key: %w", err)
	}
	entity.Subkeys = nil // the library adds an encryption key; this one is to open nothing
	var buf bytes.Buffer
	if err := entity.SerializePrivateWithoutSigning(&buf, config); err != nil {
		return nil, nil, fmt.Errorf("making a signing key: %w", err)
	}
	s, err = ParseSigner(buf.Bytes())
	return s, buf.Bytes(), err
}

// ParseSigner reads what NewSigner made; ErrSigner if it is anything else.
func ParseSigner(secret []byte) (*Signer, error) {
	all, err := packets.Split(secret)
	if err != nil || len(all) == 0 || all[0].Tag != packets.TagSecretKey {
		return nil, ErrSigner
	}
	for _, p := range all[1:] {
		if p.Tag != packets.TagUserID && p.Tag != packets.TagSignature {
			return nil, ErrSigner // a subkey could decrypt
		}
	}
	entity, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(secret)))
	if err != nil || entity.PrivateKey == nil || entity.PrivateKey.Encrypted || entity.PrivateKey.Dummy() {
		return nil, ErrSigner
	}
	if k := entity.PrivateKey; k.Version != 4 || k.PubKeyAlgo != packet.PubKeyAlgoEdDSA {
		return nil, ErrSigner
	}
	if _, err := entity.VerifyPrimaryKey(time.Time{}, policy); err != nil {
		return nil, ErrSigner
	}
	var certificate bytes.Buffer
	if err := entity.Serialize(&certificate); err != nil {
		return nil, fmt.Errorf("reading a signing key: %w", err)
	}
	return &Signer{
		key:         entity.PrivateKey,
		fingerprint: FingerprintOf(entity.PrimaryKey.Fingerprint),
		certificate: certificate.Bytes(),
	}, nil
}

// Fingerprint names the signing key.
func (s *Signer) Fingerprint() Fingerprint { return s.fingerprint }

// Certificate is the armored public key, which readers give to their own program.
func (s *Signer) Certificate() []byte { return packets.Armor(packets.ArmorPublicKey, s.certificate) }

// onePass is the packet that announces the signature (RFC 9580 §5.4, version 3).
func (s *Signer) onePass() []byte {
	p := packets.AppendHeader(make([]byte, 0, 15), packets.TagOnePass, 13)
	p = append(p, 3, byte(packet.SigTypeBinary), hashOctet, byte(s.key.PubKeyAlgo))
	p = binary.BigEndian.AppendUint64(p, s.key.KeyId)
	return append(p, 1)
}

// sign makes the version 4 signature packet over what was hashed. It names no intended
// recipients: a reader added later must find the signature good.
func (s *Signer) sign(hashed hash.Hash, at time.Time) ([]byte, error) {
	signature := &packet.Signature{
		Version:      4,
		SigType:      packet.SigTypeBinary,
		PubKeyAlgo:   s.key.PubKeyAlgo,
		Hash:         crypto.SHA256,
		CreationTime: at,
		IssuerKeyId:  &s.key.KeyId,
	}
	if err := signature.Sign(hashed, s.key, nil); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	var buf bytes.Buffer
	buf.Grow(192)
	if err := signature.Serialize(&buf); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return buf.Bytes(), nil
}
