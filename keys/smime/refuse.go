package smime

import (
	"crypto/x509"
	"errors"
	"strconv"
	"time"

	"sealform/keys"
)

// Reasons why a certificate is refused, beside the reasons of package keys.
var (
	ErrNotCertificate = errors.New("is not an X.509 certificate")
	ErrUsage          = errors.New("is not meant for receiving encrypted mail")
	ErrIssuer         = errors.New("is not vouched for by a trusted authority")
	ErrList           = errors.New("has no revocation list that can be relied on")
)

const (
	mendExport    = "Ask its owner for the certificate as a .pem, .crt or .cer file, without the private key."
	mendReplace   = "Ask its owner for a certificate for e-mail with an RSA key of at least 3072 bits or a P-256 key."
	mendOwn       = "Put the recipient's own certificate in this file, and give those of its authorities as ca."
	mendRenew     = "Ask its owner for the certificate that replaces it, and put that file in its place."
	mendClock     = "Check this computer's clock; if it is right, wait until the certificate is valid."
	mendOne       = "Keep only the recipient's own certificate in this file, and give those of its authorities as ca."
	mendAuthority = "Give the certificates of the authority that issued it, the one at the top and those between, as ca; or pin the certificate by giving no ca."
	mendList      = "Fetch the authority's revocation list (crl) anew from the address in the certificate, and put that file in its place."
	mendSecret    = "Take the file away from this computer: a private key belongs to the recipient alone. " + mendExport
)

// fault is a reason with its mend, before it is known whose certificate it is about.
type fault struct {
	reason error
	mend   string
}

// unnamed refuses a file in which no certificate could be read.
func unnamed(reason error, mend string) error {
	return &keys.Refusal{Reason: reason, Mend: mend}
}

func (c *Certificate) refuse(reason error, mend string) error {
	return &keys.Refusal{Key: c.name(), Reason: reason, Mend: mend}
}

// name is how people recognise a certificate. An address or name in it is a stranger's text and quoted.
func (c *Certificate) name() string {
	who := c.x509.Subject.CommonName
	if emails := c.Emails(); len(emails) > 0 {
		who = emails[0]
	}
	if who == "" {
		return "with fingerprint " + string(c.fingerprint)
	}
	if r := []rune(who); len(r) > 100 {
		who = string(r[:100])
	}
	return strconv.Quote(who) + " (fingerprint " + string(c.fingerprint) + ")"
}

// inDate says whether a certificate's validity holds, both ends included (RFC 5280 §4.1.2.5). whose begins the
// sentence about a certificate other than the recipient's own.
func inDate(c *x509.Certificate, at time.Time, whose string) *fault {
	if at.Before(c.NotBefore) {
		return &fault{keys.Exactly(keys.ErrNotYetValid, "%sis valid only from %s on", whose, c.NotBefore.UTC().Format(time.RFC3339)), mendClock}
	}
	if at.After(c.NotAfter) {
		return &fault{keys.Exactly(keys.ErrExpired, "%sexpired on %s", whose, c.NotAfter.UTC().Format(time.DateOnly)), mendRenew}
	}
	return nil
}
