// Package ca makes a certificate authority that can vouch for this machine and for nothing else, so that
// people can try Sealform with real TLS and no warnings they have to click away.
//
//	ca, err := ca.Open(dir, time.Now())
//	srv := &http.Server{TLSConfig: &tls.Config{Certificates: []tls.Certificate{ca.Server}}}
//	pool := ca.Pool() // for a client of ours
//
// The authority carries critical name constraints (RFC 5280 §4.2.1.10): localhost and the names below it,
// 127.0.0.1 and ::1; no verifier takes another name from it. Its key signs one server certificate, for localhost,
// staff.localhost, 127.0.0.1 and ::1, and is then forgotten: it is never written, so nobody can steal it later.
//
// Three PEM files live in the folder: ca.pem and server.pem are for everybody (0644), server.key for the owner
// (0600). They last 30 days. A second start reads them again as long as they hold for another day; otherwise all are
// made anew, and whoever trusted the old authority has to trust the new one. This is meant for trying things out: a
// real service takes its certificate from a public authority.
package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"strings"
	"time"
)

const (
	lifetime  = 30 * 24 * time.Hour
	remaining = 24 * time.Hour // what must be left when it is used again
	backdated = time.Hour      // a browser's clock may be behind
)

// Names are the host names of the server's certificate.
var Names = []string{"localhost", "staff.localhost"}

// CA is a local authority and the one server certificate it has issued.
type CA struct {
	Certificate *x509.Certificate
	Server      tls.Certificate // certificate and key, the authority's certificate appended
	File        string          // path of ca.pem: what a browser or curl --cacert is given
}

// Pool trusts this authority and no other.
func (c *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.Certificate)
	return pool
}

// Fingerprint is the SHA-256 of the authority's certificate as browsers show it: "AB:CD:…".
func (c *CA) Fingerprint() string {
	sum := sha256.Sum256(c.Certificate.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// issued is a certificate with its key, on its way into files.
type issued struct {
	der []byte
	key *ecdsa.PrivateKey
}

// newAuthority makes the self-signed certificate.
func newAuthority(now time.Time) (*issued, error) {
	template := &x509.Certificate{
		// Random letters in the name keep apart the authorities of two starts in one browser.
		Subject:               pkix.Name{CommonName: "Sealform local test authority " + strings.ToLower(rand.Text()[:6])},
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.Add(lifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         []string{"localhost"}, // and what is below it
		PermittedIPRanges: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 1).To4(), Mask: net.CIDRMask(32, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
		// A kind of name that is not listed would be free, so these are closed as well.
		PermittedEmailAddresses: []string{"localhost"},
		PermittedURIDomains:     []string{"localhost"},
	}
	return issue(template, nil)
}

// newServer makes a certificate for Names and the loopback addresses.
func newServer(by *issued, until, now time.Time) (*issued, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "localhost"},
		NotBefore:             now.Add(-backdated),
		NotAfter:              until,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              Names,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	return issue(template, by)
}

// issue signs template with a new P-256 key and a random serial number; by nil means that it signs itself.
func issue(template *x509.Certificate, by *issued) (*issued, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	parent, signer := template, key
	if by != nil {
		if parent, err = x509.ParseCertificate(by.der); err != nil {
			return nil, fmt.Errorf("reading the authority: %w", err)
		}
		signer = by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	return &issued{der, key}, nil
}
