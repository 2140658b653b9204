package keys

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys/internal/packets"
)

// MaxCertificate is the largest certificate file taken, in bytes, armored or not.
const MaxCertificate = 64 << 10

// Certificate is one reader's public key, checked when it was parsed.
type Certificate struct {
	raw         []byte // binary, exactly as given
	hash        [32]byte
	fingerprint Fingerprint
	userID      string
	version     int       // 4 or 6
	from, until time.Time // of the primary key; until zero: never ends
	encryption  []encryptionKey
	announces   bool // that its program reads SEIPDv2
	listsGCM    bool // that it reads SEIPDv2 with AES-256 in GCM
}

// ParseCertificate reads one armored or binary certificate of at most 64 KiB and
// refuses (*Refusal) what cannot safely receive: expired, revoked, encryption-less,
// RSA < 3072, secp256k1. Version 4 and 6 keys parse; NewRecipients takes version 4 only.
func ParseCertificate(b []byte, now time.Time) (*Certificate, error) {
	raw, err := certificateBytes(b)
	if err != nil {
		return nil, err
	}
	entity, err := readEntity(raw, 4, 6)
	if err != nil {
		return nil, err
	}
	c := &Certificate{
		raw:         raw,
		hash:        sha256.Sum256(raw),
		fingerprint: FingerprintOf(entity.PrimaryKey.Fingerprint),
		version:     entity.PrimaryKey.Version,
	}
	if err := c.readPrimary(entity, now); err != nil {
		return nil, err
	}
	if err := c.readSubkeys(entity); err != nil {
		return nil, err
	}
	if err := c.Usable(now); err != nil {
		return nil, err
	}
	if err := c.try(); err != nil {
		return nil, err
	}
	return c, nil
}

// try wraps a throw-away key for every encryption key, so that one that cannot be
// encrypted to (a low-order point, say) shows here and not when a visitor sends.
func (c *Certificate) try() error {
	for _, k := range c.encryption {
		if err := packet.SerializeEncryptedKeyAEAD(io.Discard, k.public, packet.CipherAES256, c.version == 6, make([]byte, sessionKeySize), nil); err != nil {
			return c.refuse(Exactly(ErrUnsupported, "has an encryption key that cannot be encrypted to"), mendReplace)
		}
	}
	return nil
}

// certificateBytes takes the armor off and looks at the packets' outside only: exactly
// one public key, no secret one, nothing that does not belong to a certificate.
func certificateBytes(b []byte) ([]byte, error) {
	if len(b) > MaxCertificate {
		return nil, &Refusal{Reason: ErrTooLarge, Mend: "Export it with fewer signatures: gpg --export-options export-minimal --armor --export NAME > reader.asc"}
	}
	raw := bytes.Clone(b)
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		return nil, &Refusal{Reason: Exactly(ErrNotCertificate, "is UTF-16 text, as Windows PowerShell writes it"), Mend: "Export it with: gpg --armor --output reader.asc --export NAME"}
	case bytes.Contains(b, []byte("-----BEGIN PGP PRIVATE KEY")):
		return nil, secretRefused()
	case packets.Armored(b):
		if bytes.Count(b, []byte("-----BEGIN PGP PUBLIC KEY")) > 1 {
			return nil, severalRefused()
		}
		kind, body, err := packets.Dearmor(b)
		if err != nil || kind != packets.ArmorPublicKey {
			return nil, notCertificate()
		}
		raw = body
	}
	return raw, checkPackets(raw)
}

// checkPackets refuses bytes that hold anything but the packets of one certificate (RFC 9580 §10.1), a secret key above all.
func checkPackets(raw []byte) error {
	all, err := packets.Split(raw)
	if err != nil || len(all) == 0 {
		return notCertificate()
	}
	for i, p := range all {
		switch {
		case p.Tag == packets.TagSecretKey || p.Tag == packets.TagSecretSubkey:
			return secretRefused()
		case i == 0 && p.Tag != packets.TagPublicKey:
			return notCertificate()
		case i > 0 && p.Tag == packets.TagPublicKey:
			return severalRefused()
		case p.Tag == packets.TagSessionKey, p.Tag == packets.TagCompressed, p.Tag == packets.TagLiteral, p.Tag == packets.TagSealed, p.Tag == packets.TagOnePass:
			return notCertificate()
		}
	}
	return nil
}

// readEntity lets the library read the packets. What it cannot read is refused here by
// kind, because its own errors do not tell an old key from a broken file.
func readEntity(raw []byte, versions ...byte) (*openpgp.Entity, error) {
	first, _ := packets.Split(raw)
	if version := firstOctet(first[0].Body); !slices.Contains(versions, version) {
		return nil, &Refusal{Reason: Exactly(ErrUnsupported, "holds a version %d key, which cannot be used here", version), Mend: mendReplace}
	}
	reader := packet.NewReader(bytes.NewReader(raw))
	entity, err := openpgp.ReadEntity(reader)
	if err != nil {
		return nil, notCertificate()
	}
	if _, err := reader.Next(); !errors.Is(err, io.EOF) {
		return nil, notCertificate()
	}
	return entity, nil
}

func firstOctet(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func secretRefused() error {
	return &Refusal{Reason: ErrSecret, Mend: "Keep it where it is, and give the public half here: gpg --armor --export NAME > reader.asc"}
}

func severalRefused() error {
	return &Refusal{Reason: ErrSeveral, Mend: "Put each reader's key into a file of its own: gpg --armor --export NAME > reader.asc"}
}

func notCertificate() error {
	return &Refusal{Reason: ErrNotCertificate, Mend: mendExport}
}

// Fingerprint names the certificate by its primary key.
func (c *Certificate) Fingerprint() Fingerprint { return c.fingerprint }

// Hash is the SHA-256 of the binary certificate, so that a stripped revocation shows.
func (c *Certificate) Hash() [32]byte { return c.hash }

// Version is the key's: 4, or 6, which only the profile "modern" seals to.
func (c *Certificate) Version() int { return c.version }

// UserID is the primary user id, such as "Dana <dana@clinic.example>"; a version 6 certificate may have none.
func (c *Certificate) UserID() string { return c.userID }

// Armored is the certificate as given, as ASCII armor.
func (c *Certificate) Armored() []byte { return packets.Armor(packets.ArmorPublicKey, c.raw) }

// name is how a message calls the key.
func (c *Certificate) name() string { return nameKey(c.userID, c.fingerprint) }

func (c *Certificate) refuse(reason error, mend string) error {
	return &Refusal{Key: c.name(), Reason: reason, Mend: mend}
}
