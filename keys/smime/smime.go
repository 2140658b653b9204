// Package smime seals mail by S/MIME (RFC 8551) to X.509 certificates. It opens nothing.
package smime

import (
	"crypto/x509"
	"time"

	"sealform/keys"
)

// Certificate is a recipient's, with what vouches for it and what could revoke it.
type Certificate struct {
	x509  *x509.Certificate
	trust Trust
}

// Trust says who may vouch for a certificate. The zero Trust trusts a certificate by itself: the operator pinned its file.
type Trust struct {
	Roots         *x509.CertPool // nil: the file itself is the trust; its issuer is not asked for
	Intermediates *x509.CertPool
	Lists         []*x509.RevocationList // of its issuers; signatures are checked
}

// ParseCertificate reads one certificate, PEM or DER, and refuses (*keys.Refusal) what cannot or must not receive: expired,
// not yet valid, revoked, of an unknown issuer, RSA below 3072 bits, curves other than P-256, a key usage or extended
// key usage that rules e-mail encryption out, SHA-1 or MD5 signatures.
func ParseCertificate(b []byte, t Trust, now time.Time) (*Certificate, error) { panic("contract") }

// Fingerprint is the SHA-256 of the certificate's DER in upper-case hex.
func (c *Certificate) Fingerprint() keys.Fingerprint { panic("contract") }

// Emails are the addresses that it names.
func (c *Certificate) Emails() []string { panic("contract") }

// Expires is the end of its validity.
func (c *Certificate) Expires() time.Time { panic("contract") }

// Usable checks what changes with time: validity and revocation lists, one past its next update too. *keys.Refusal.
func (c *Certificate) Usable(at time.Time) error { panic("contract") }

// Profile is how content is sealed. The zero Profile is what all programs read.
type Profile struct {
	GCM  bool // AuthEnvelopedData AES-256-GCM (RFC 5083, 5084) in place of EnvelopedData AES-256-CBC
	OAEP bool // RSAES-OAEP with SHA-256 (RFC 4056 §2.1) in place of PKCS #1 v1.5, for RSA recipients
}

// Signer is the server's signing certificate with its key: it proves origin and opens nothing.
type Signer struct{}

// NewSigner makes a self-signed P-256 certificate for the sender's address, ten years long; secret is PEM of key and
// certificate, for the secrets folder.
func NewSigner(address string, now time.Time) (s *Signer, secret []byte, err error) {
	panic("contract")
}

// ParseSigner reads PEM of a key (PKCS #8, RSA of at least 2048 bits or P-256) and its certificate, the certificate first in
// its chain where there are several.
func ParseSigner(secret []byte) (*Signer, error) { panic("contract") }

// Fingerprint names the certificate.
func (s *Signer) Fingerprint() keys.Fingerprint { panic("contract") }

// Certificate is its PEM, which readers give to their own program.
func (s *Signer) Certificate() []byte { panic("contract") }

// New gives a sealer to these certificates (1 to 64): the entity is signed by multipart/signed (RFC 8551 §3.5.3), then
// enveloped, as a stream in constant memory.
func New(by *Signer, p Profile, to ...*Certificate) (keys.Sealer, error) { panic("contract") }
