package smime

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// NewSigner makes a P-256 certificate for the sender's address, ten years long; secret is PEM of key and
// certificate, for the secrets folder.
//
// It is issued by an authority made in the same moment, whose key is dropped and never written: nobody can issue
// anything else in its name. A certificate signed by itself would do for openssl and gpgsm, but Thunderbird trusts
// nobody but authorities.
func NewSigner(address string, now time.Time) (s *Signer, secret []byte, err error) {
	if a, err := mail.ParseAddress(address); err != nil || a.Address != address || strings.ContainsAny(address, "\" ") || strings.Trim(address, ascii) != "" {
		return nil, nil, errors.New("a signing certificate needs a plain e-mail address")
	}
	secret, err = selfMade(address, now)
	if err != nil {
		return nil, nil, fmt.Errorf("making a signing certificate: %w", err)
	}
	s, err = ParseSigner(secret)
	return s, secret, err
}

// ascii is the characters of an address in a certificate (RFC 5280 §4.2.1.6).
const ascii = "!#$%&'*+-/0123456789=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~."

func selfMade(address string, now time.Time) ([]byte, error) {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// A clock that is a little ahead must not make mail that others find signed too early.
	from, until := now.UTC().Add(-time.Hour), now.UTC().AddDate(10, 0, 0)
	authority := authorityTemplate(from, until)
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return nil, err
	}
	if authority, err = x509.ParseCertificate(authorityDER); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, signingTemplate(address, from, until), authority, key.Public(), authorityKey)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	secret := pemOf("PRIVATE KEY", keyDER)
	secret = append(secret, pemOf("CERTIFICATE", der)...)
	return append(secret, pemOf("CERTIFICATE", authorityDER)...), nil
}

func authorityTemplate(from, until time.Time) *x509.Certificate {
	var tell [8]byte // two installations have different authorities, also by name
	_, _ = rand.Read(tell[:])
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Sealform signing authority " + hex.EncodeToString(tell[:])},
		NotBefore:             from,
		NotAfter:              until,
		KeyUsage:              x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
}

func signingTemplate(address string, from, until time.Time) *x509.Certificate {
	name := address
	if len(name) > 64 { // the most that a common name can have (RFC 5280, ub-common-name)
		name = "Sealform"
	}
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             from,
		NotAfter:              until,
		EmailAddresses:        []string{address},
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		BasicConstraintsValid: true,
	}
}
