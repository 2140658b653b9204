package check

import (
	"bytes"
	"crypto/x509"
	"errors"
	"math"
	"time"

	"sealform/internal/text"
)

// maxNames bounds what is shown of a certificate and of a chain.
const maxNames = 10

// judge fills in what a host's certificate is worth.
func (k *check) judge(host *Host, chain []*x509.Certificate) {
	host.presented = chain
	leaf := chain[0] // TLS without one ends the handshake
	host.Certificate, host.Why = standing(chain, host.Name, k.Roots, k.Now())
	days := int(math.Floor(leaf.NotAfter.Sub(k.Now()).Hours() / 24))
	host.DaysLeft = &days
	for _, n := range leaf.DNSNames[:min(len(leaf.DNSNames), maxNames)] {
		host.Names = append(host.Names, text.Printable(n))
	}
	for _, c := range chain[:min(len(chain), maxNames-1)] {
		host.Chain = append(host.Chain, text.Printable(c.Subject.String()))
	}
	host.Chain = append(host.Chain, text.Printable(chain[len(chain)-1].Issuer.String()))
}

// standing says the worst of a chain, in the order that Certificate has, and why.
func standing(chain []*x509.Certificate, name string, roots *x509.CertPool, now time.Time) (Certificate, Code) {
	leaf := chain[0]
	switch {
	case now.After(leaf.NotAfter):
		return Expired, "expired"
	case now.Before(leaf.NotBefore):
		return Expired, "not-yet-valid"
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: pool(chain[1:]), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return Expired, "issuer-expired"
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return SelfSigned, "not-for-servers"
	case errors.As(err, &invalid):
		return SelfSigned, "bad-chain"
	case err != nil && bytes.Equal(leaf.RawIssuer, leaf.RawSubject):
		return SelfSigned, "self-signed"
	case err != nil:
		return SelfSigned, "unknown-issuer"
	case leaf.VerifyHostname(name) != nil:
		return WrongName, "wrong-name"
	}
	return Valid, ""
}

func pool(certs []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}
