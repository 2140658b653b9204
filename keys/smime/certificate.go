package smime

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"sealform/keys"
)

// Certificate is a recipient's, with what vouches for it and what could revoke it.
type Certificate struct {
	x509        *x509.Certificate
	fingerprint keys.Fingerprint
	routes      []route // from it to what is trusted; one of them must hold
}

// ParseCertificate reads one certificate, PEM or DER, and refuses (*keys.Refusal) what cannot or must not receive:
// expired, not yet valid, revoked, of an unknown issuer, RSA below 3072 bits, curves other than P-256, a key usage or
// extended key usage that rules e-mail encryption out, an authority's own, SHA-1 or MD5 signatures.
func ParseCertificate(b []byte, t Trust, now time.Time) (*Certificate, error) {
	der, err := oneCertificate(b)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		f := notCertificate(der)
		return nil, unnamed(f.reason, f.mend)
	}
	sum := sha256.Sum256(parsed.Raw)
	c := &Certificate{x509: parsed, fingerprint: keys.FingerprintOf(sum[:])}
	if f := inDate(parsed, now, ""); f != nil {
		return nil, c.refuse(f.reason, f.mend)
	}
	if err := c.checkFit(); err != nil {
		return nil, err
	}
	if c.routes, err = t.routes(c, now); err != nil {
		return nil, err
	}
	if err := c.Usable(now); err != nil {
		return nil, err
	}
	return c, nil
}

// oneCertificate takes the PEM armor off, where there is one.
func oneCertificate(b []byte) ([]byte, error) {
	if len(b) > keys.MaxCertificate {
		return nil, unnamed(keys.ErrTooLarge, mendExport)
	}
	block, rest := pem.Decode(b)
	if block == nil {
		return b, nil
	}
	var found []byte
	for ; block != nil; block, rest = pem.Decode(rest) {
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, unnamed(keys.ErrSecret, mendSecret)
		case block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE":
			continue
		case found != nil:
			return nil, unnamed(keys.Exactly(keys.ErrSeveral, "holds more than one certificate"), mendOne)
		}
		found = block.Bytes
	}
	if found == nil {
		return nil, unnamed(ErrNotCertificate, mendExport)
	}
	return found, nil
}

// notCertificate is the fault of a file that is something else. A private key by mistake: PKCS #8, or a PKCS #12 file,
// which begins with its version 3 (RFC 7292 §4). Or something built like a certificate (RFC 5280 §4.1), but damaged or
// on a curve of its own.
func notCertificate(der []byte) fault {
	var pfx struct {
		Version int
		Content asn1.RawValue
		Mac     asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(der, &pfx); err == nil && pfx.Version == 3 {
		return fault{keys.ErrSecret, mendSecret}
	}
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return fault{keys.ErrSecret, mendSecret}
	}
	var outer struct {
		Body      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if rest, err := asn1.Unmarshal(der, &outer); err == nil && len(rest) == 0 {
		return fault{keys.Exactly(keys.ErrUnsupported, "is damaged or of a kind that cannot be used here"), mendReplace}
	}
	return fault{ErrNotCertificate, mendExport}
}

// Fingerprint is the SHA-256 of the certificate's DER in upper-case hex.
func (c *Certificate) Fingerprint() keys.Fingerprint { return c.fingerprint }

// Emails are the addresses that it names: those of its alternative name, then those of its subject.
func (c *Certificate) Emails() []string { return emails(c.x509) }

func emails(c *x509.Certificate) []string {
	all := slices.Clone(c.EmailAddresses)
	for _, n := range c.Subject.Names {
		if address, ok := n.Value.(string); ok && n.Type.Equal(oidEmailAddress) && !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	return all
}

// Names says whether it is of that mail address. Capitals make no difference.
func (c *Certificate) Names(address string) bool { return namesAddress(c.x509, address) }

func namesAddress(c *x509.Certificate, address string) bool {
	return slices.ContainsFunc(emails(c), func(e string) bool { return strings.EqualFold(e, address) })
}

// Usable checks what changes with time: validity and revocation lists, one past its next update too. *keys.Refusal.
// It only compares times: signatures, and what lists say, were checked when the certificate was parsed.
func (c *Certificate) Usable(at time.Time) error {
	var first error
	for _, r := range c.routes {
		f := r.holds(at)
		if f == nil {
			return nil
		}
		if first == nil {
			first = c.refuse(f.reason, f.mend)
		}
	}
	return first
}
