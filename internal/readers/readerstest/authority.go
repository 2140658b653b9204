// Package readerstest makes what readers' keys come from, for tests: an office's certificate authority and its lists.
package readerstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"testing"
	"time"
)

// Authority is a certificate authority that an office runs for itself.
type Authority struct {
	t      *testing.T
	at     time.Time
	key    *ecdsa.PrivateKey
	Cert   *x509.Certificate
	serial int64
	lists  int64
}

// New makes the authority, good from a month before that time for twenty years.
func New(t *testing.T, at time.Time) *Authority {
	t.Helper()
	o := &Authority{t: t, at: at, key: newECKey(t), serial: 1}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Office authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, NotBefore: at.AddDate(0, -1, 0), NotAfter: at.AddDate(20, 0, 0),
	}
	o.Cert = o.sign(template, template, o.key)
	return o
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (o *Authority) sign(c, by *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	o.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, by, &key.PublicKey, o.key)
	if err != nil {
		o.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		o.t.Fatal(err)
	}
	return cert
}

// Issue gives an address a certificate for mail that ends then.
func (o *Authority) Issue(address string, until time.Time) *x509.Certificate {
	o.t.Helper()
	o.serial++
	return o.sign(&x509.Certificate{
		SerialNumber: big.NewInt(o.serial), Subject: pkix.Name{CommonName: address}, EmailAddresses: []string{address}, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		NotBefore: o.at.AddDate(0, -1, 0), NotAfter: until,
	}, o.Cert, newECKey(o.t))
}

// List is the authority's next revocation list, which holds until then.
func (o *Authority) List(until time.Time, revoked ...*x509.Certificate) []byte {
	o.t.Helper()
	o.lists++
	l := &x509.RevocationList{Number: big.NewInt(o.lists), ThisUpdate: o.at.AddDate(0, 0, -1), NextUpdate: until}
	for _, c := range revoked {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: l.ThisUpdate})
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, o.Cert, o.key)
	if err != nil {
		o.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// PEM is the certificate as a file holds it.
func PEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// Replace writes a file as careful programs do: whole, then in the old one's place.
func Replace(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
