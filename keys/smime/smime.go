// Package smime seals mail by S/MIME (RFC 8551) to X.509 certificates. It opens nothing.
//
//	lawyer, err := smime.ParseCertificate(file, smime.Trust{Roots: office}, now) // or a *keys.Refusal with its mend
//	sealer, err := smime.New(signer, smime.Profile{}, lawyer, other)
//	stream, err := sealer.SealMail(now, write)                                   // the entity, as a stream
//
// Inside the seal is multipart/signed: the entity and the server's signature apart from it, with the certificate.
// Around it is one CMS message: EnvelopedData with AES-256-CBC, which all mail programs read, or AuthEnvelopedData with
// AES-256-GCM, which few read. A CBC ciphertext can be changed unnoticed; then the signature inside no longer verifies.
// So a reader's program has to show that the signature is good, and an operator whose readers can open GCM chooses it.
//
// Readers have RSA keys of at least 3072 bits, which all programs know, or P-256 keys. All readers of one message are in
// one CMS message; some older programs (NSS 3.87) open none that has a P-256 reader too, so that each is better mailed
// a message of its own. A certificate is trusted because the operator pinned its file, or because an authority of the operator's choice
// vouches for it and, where revocation lists are given, a list in date does not name it. It refuses what is expired, not
// yet valid, revoked, weak, or not meant for receiving mail, and it never seals to only some of the readers.
//
// Session keys are drawn for each message and wiped after it, but for what the standard library's AES keeps of them
// until the garbage collector comes. The one lasting secret is the Signer's, in the secrets
// folder: it proves origin and opens nothing. A stream needs some 20 KiB whatever its length: CMS lengths are left
// open (BER), and content goes through one buffer in which it is encrypted.
package smime

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"time"

	"sealform/keys"
)

// Profile is how content is sealed. The zero Profile is what all programs read, given an RSA key.
type Profile struct {
	GCM  bool // AuthEnvelopedData AES-256-GCM (RFC 5083, 5084) in place of EnvelopedData AES-256-CBC
	OAEP bool // RSAES-OAEP with SHA-256 (RFC 4055 §4.1) in place of PKCS #1 v1.5, for RSA recipients
}

// New gives a sealer to these certificates (1 to 64): the entity is signed by multipart/signed (RFC 8551 §3.5.3), then
// enveloped, as a stream in constant memory. A certificate that comes several times counts once.
func New(by *Signer, p Profile, to ...*Certificate) (keys.Sealer, error) {
	if by == nil || len(by.chain) == 0 {
		return nil, errors.New("S/MIME needs a signing certificate")
	}
	s := &sealer{by: by, profile: p}
	seen := make(map[keys.Fingerprint]bool, len(to))
	for _, c := range to {
		if c == nil || c.x509 == nil {
			return nil, errors.New("a recipient's certificate was not parsed")
		}
		if !seen[c.fingerprint] {
			seen[c.fingerprint] = true
			s.to = append(s.to, c)
		}
	}
	if n := len(s.to); n == 0 || n > keys.MaxReaders {
		return nil, fmt.Errorf("a message has 1 to %d readers, not %d", keys.MaxReaders, n)
	}
	return s, nil
}

type sealer struct {
	by      *Signer
	profile Profile
	to      []*Certificate
}

// Kind is CMS.
func (s *sealer) Kind() keys.Kind { return keys.CMS }

// SignedBy is the signing certificate's fingerprint.
func (s *sealer) SignedBy() keys.Fingerprint { return s.by.Fingerprint() }

// Fingerprints are the SHA-256 of the recipients' certificates, in the message's order.
func (s *sealer) Fingerprints() []keys.Fingerprint {
	all := make([]keys.Fingerprint, len(s.to))
	for i, c := range s.to {
		all[i] = c.fingerprint
	}
	return all
}

// Usable is nil or the first *keys.Refusal, the signing certificate's too: a mail whose signature is out of date looks
// forged to its reader.
func (s *sealer) Usable(at time.Time) error {
	for _, c := range s.to {
		if err := c.Usable(at); err != nil {
			return err
		}
	}
	return s.by.Usable(at)
}

// SealMail prepares one message. The time is that of the signature; *keys.Refusal if a certificate does not hold then.
func (s *sealer) SealMail(at time.Time, write func(io.Writer) error) (keys.SealedStream, error) {
	if write == nil || at.IsZero() {
		return keys.SealedStream{}, errors.New("sealing needs an entity and a time")
	}
	if err := s.Usable(at); err != nil {
		return keys.SealedStream{}, err
	}
	return keys.NewCMS(func(w io.Writer) error { return s.seal(w, at, write) }), nil
}

func (s *sealer) seal(w io.Writer, at time.Time, write func(io.Writer) error) error {
	var key [keySize]byte
	defer clear(key[:])
	_, _ = rand.Read(key[:]) // never fails (crypto/rand)
	recipients, agreed, err := s.recipients(key[:])
	if err != nil {
		return err
	}
	content, err := newContent(s.profile, key[:])
	if err != nil {
		return err
	}
	defer content.wipe()
	e, err := openEnvelope(w, content, recipients, agreed)
	if err != nil {
		return err
	}
	defer e.wipe()
	if err := s.by.writeSigned(e, at, write); err != nil {
		return err
	}
	return e.close()
}

// recipients is the SET of RecipientInfo, and whether one of them is of key agreement.
func (s *sealer) recipients(key []byte) (set []byte, agreed bool, err error) {
	var all []byte
	for _, c := range s.to {
		info, err := recipientInfo(c.x509, key, s.profile.OAEP)
		if err != nil {
			return nil, false, fmt.Errorf("sealing to %s: %w", c.name(), err)
		}
		all = append(all, info...)
		_, isRSA := c.x509.PublicKey.(*rsa.PublicKey)
		agreed = agreed || !isRSA
	}
	set, err = asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: all})
	return set, agreed, err
}
