package smime

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"sealform/keys"
)

// ErrSigner means that bytes are not a signing key with its certificate.
var ErrSigner = errors.New("not a key with its signing certificate")

const (
	minSignerRSABits = 2048
	mendSigner       = "Put a new signing certificate with its key into the secrets folder."
)

// Signer is the server's signing certificate with its key: it proves origin and opens nothing.
type Signer struct {
	key         crypto.Signer
	algorithm   pkix.AlgorithmIdentifier
	chain       []*x509.Certificate // its own first
	fingerprint keys.Fingerprint
}

// ParseSigner reads PEM of a key (PKCS #8, RSA of at least 2048 bits or P-256) and its certificate, the certificate first in
// its chain where there are several. The certificate must allow signatures on e-mail. Whether it is in date, Usable says.
func ParseSigner(secret []byte) (*Signer, error) {
	s := &Signer{}
	for block, rest := pem.Decode(secret); block != nil; block, rest = pem.Decode(rest) {
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			err = s.takeKey(block.Bytes)
		case "CERTIFICATE":
			err = s.takeCertificate(block.Bytes)
		default:
			err = fmt.Errorf("%w: a part of the file is neither a certificate nor an unencrypted PKCS #8 key", ErrSigner)
		}
		if err != nil {
			return nil, err
		}
	}
	if s.key == nil || len(s.chain) == 0 {
		return nil, fmt.Errorf("%w: it needs one private key and one certificate, in PEM", ErrSigner)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(s.chain[0].Raw)
	s.fingerprint = keys.FingerprintOf(sum[:])
	return s, nil
}

func (s *Signer) takeKey(der []byte) error {
	if s.key != nil {
		return fmt.Errorf("%w: it holds two private keys", ErrSigner)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return fmt.Errorf("%w: its private key cannot be read", ErrSigner)
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < minSignerRSABits {
			return fmt.Errorf("%w: its RSA key has %d bits, and at least %d are needed", ErrSigner, key.N.BitLen(), minSignerRSABits)
		}
		s.key, s.algorithm = key, withNull(oidRSA)
		return nil
	case *ecdsa.PrivateKey:
		if key.Curve == elliptic.P256() {
			s.key, s.algorithm = key, bare(oidECDSASHA256)
			return nil
		}
	}
	return fmt.Errorf("%w: its key is neither RSA nor P-256", ErrSigner)
}

func (s *Signer) takeCertificate(der []byte) error {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("%w: a certificate cannot be read", ErrSigner)
	}
	if len(s.chain) == 8 {
		return fmt.Errorf("%w: its chain is longer than 8", ErrSigner)
	}
	s.chain = append(s.chain, c)
	return nil
}

// check holds the certificate against the key, what it is for, and its chain.
func (s *Signer) check() error {
	own := s.chain[0]
	public, ok := own.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(s.key.Public()) {
		return fmt.Errorf("%w: the first certificate belongs to another key", ErrSigner)
	}
	if limited(own) && own.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 || !mailUse(own) {
		return fmt.Errorf("%w: the certificate is not for signing e-mail", ErrSigner)
	}
	for i, c := range s.chain[1:] {
		if s.chain[i].CheckSignatureFrom(c) != nil {
			return fmt.Errorf("%w: certificate %d did not issue the one before it", ErrSigner, i+2)
		}
	}
	return nil
}

// Fingerprint names the certificate: the SHA-256 of its DER in upper-case hex.
func (s *Signer) Fingerprint() keys.Fingerprint { return s.fingerprint }

// Certificate is the PEM of the certificate and its chain, which readers give to their own program.
func (s *Signer) Certificate() []byte {
	var b bytes.Buffer
	for _, c := range s.chain {
		b.Write(pemOf("CERTIFICATE", c.Raw))
	}
	return b.Bytes()
}

// Authority is the PEM of the last certificate of the chain alone. Where NewSigner made it, it is what readers' programs
// are to trust: Thunderbird takes it under "Authorities", gpgsm and Windows as a root.
func (s *Signer) Authority() []byte { return pemOf("CERTIFICATE", s.chain[len(s.chain)-1].Raw) }

// Expires is the end of the first validity in its chain that ends.
func (s *Signer) Expires() time.Time {
	end := s.chain[0].NotAfter
	for _, c := range s.chain[1:] {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}

// Names says whether the certificate is of that mail address, which readers' programs hold against the sender (RFC 8550
// §3).
func (s *Signer) Names(address string) bool { return namesAddress(s.chain[0], address) }

// Usable says whether its signatures are in date at that time: nil or *keys.Refusal.
func (s *Signer) Usable(at time.Time) error {
	for _, c := range s.chain {
		if f := inDate(c, at, ""); f != nil {
			return &keys.Refusal{Key: "for signing mail (fingerprint " + string(s.fingerprint) + ")", Reason: f.reason, Mend: mendSigner}
		}
	}
	return nil
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
