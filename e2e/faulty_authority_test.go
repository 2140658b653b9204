package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// authorityOfRelays vouches for mail servers, and sometimes for what it should not.
type authorityOfRelays struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // PEM
}

func newAuthorityOfRelays(t *testing.T) *authorityOfRelays {
	t.Helper()
	a := &authorityOfRelays{t: t}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Relays"}, NotAfter: time.Now().AddDate(0, 1, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	own := a.sign(template, template, nil)
	a.key, a.cert = own.PrivateKey.(*ecdsa.PrivateKey), own.Leaf
	a.file = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Leaf.Raw}))
	return a
}

// issue vouches for a name until a time; with nobody for whom nobody does.
func (a *authorityOfRelays) issue(name string, until time.Time) tls.Certificate {
	return a.sign(serverTemplate(name, until), a.cert, a.key)
}

// selfSigned is what a server makes for itself.
func (a *authorityOfRelays) selfSigned(name string) tls.Certificate {
	template := serverTemplate(name, time.Now().AddDate(0, 1, 0))
	return a.sign(template, template, nil)
}

func serverTemplate(name string, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

// sign makes a key and a certificate of it; by nil: its own key signs.
func (a *authorityOfRelays) sign(template, parent *x509.Certificate, by *ecdsa.PrivateKey) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	if by == nil {
		by = key
	}
	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	must(err)
	template.NotBefore = template.NotAfter.AddDate(0, -2, 0)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	must(err)
	leaf, err := x509.ParseCertificate(der)
	must(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
