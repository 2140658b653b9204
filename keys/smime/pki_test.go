package smime_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"sync"
	"testing"
	"time"

	"sealform/keys/smime"
)

// today is the day of the tests in which no other program looks at its own clock.
var today = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// rsaKey takes some tenths of a second, so that all tests share one.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		panic("no RSA key: " + err.Error())
	}
	return k
})

var smallRSAKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("no RSA key: " + err.Error())
	}
	return k
})

func ecKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var curve = elliptic.P256()

// publicOnly is a key of which the private half is not there.
type publicOnly struct{ public crypto.PublicKey }

func (p publicOnly) Public() crypto.PublicKey { return p.public }

func (publicOnly) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("only the public half is here")
}

// held is a certificate with its key.
type held struct {
	t    testing.TB
	cert *x509.Certificate
	key  crypto.Signer
}

// authority is one at the top.
func authority(t testing.TB, name string, now time.Time) held {
	t.Helper()
	return certify(t, nil, ecKey(t, elliptic.P256()), &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(5, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true,
	})
}

// certify issues a certificate; by nil: one that signs itself.
func certify(t testing.TB, by *held, key crypto.Signer, template *x509.Certificate) held {
	t.Helper()
	if by == nil {
		by = &held{cert: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return held{t, cert, key}
}

// mailbox is a template for a recipient with that key, as authorities issue them; change mends it.
func mailbox(key crypto.Signer, now time.Time, change func(*x509.Certificate)) *x509.Certificate {
	c := &x509.Certificate{
		Subject:        pkix.Name{CommonName: "Dana"},
		EmailAddresses: []string{"dana@riverside.example"},
		NotBefore:      now.AddDate(0, -1, 0), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage:    x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	if _, ec := key.Public().(*ecdsa.PublicKey); ec {
		c.KeyUsage = x509.KeyUsageKeyAgreement
	}
	if change != nil {
		change(c)
	}
	return c
}

func (h held) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.cert.Raw})
}

func (h held) keyPEM() []byte {
	h.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(h.key)
	if err != nil {
		h.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// parsed is the certificate as a recipient's, trusted by its file.
func (h held) parsed(now time.Time) *smime.Certificate {
	h.t.Helper()
	c, err := smime.ParseCertificate(h.pem(), smime.Trust{}, now)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func pool(all ...held) *x509.CertPool {
	p := x509.NewCertPool()
	for _, h := range all {
		p.AddCert(h.cert)
	}
	return p
}

// list is a revocation list of that authority; change mends it.
func (h held) list(now time.Time, change func(*x509.RevocationList), revoked ...*x509.Certificate) *x509.RevocationList {
	h.t.Helper()
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.AddDate(0, 0, -1), NextUpdate: now.AddDate(0, 0, 6)}
	for _, c := range revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: now.AddDate(0, 0, -2)})
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, h.cert, h.key)
	if err != nil {
		h.t.Fatal(err)
	}
	l, err := x509.ParseRevocationList(der)
	if err != nil {
		h.t.Fatal(err)
	}
	return l
}
