package smime

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"slices"

	"sealform/keys"
)

const (
	minRSABits = 3072
	maxRSABits = 8192 // beyond this a key is a way to keep the server busy
)

// checkFit looks at what time does not change: the key, what it is for, how the certificate is signed.
func (c *Certificate) checkFit() error {
	if c.x509.SignatureAlgorithm == x509.UnknownSignatureAlgorithm {
		return c.refuse(keys.Exactly(keys.ErrUnsupported, "is signed in a way that is not known here"), mendReplace)
	}
	if weakSignature(c.x509.SignatureAlgorithm) {
		return c.refuse(keys.Exactly(keys.ErrWeak, "is signed with %v, which can be forged", c.x509.SignatureAlgorithm), mendReplace)
	}
	if len(c.x509.UnhandledCriticalExtensions) > 0 {
		return c.refuse(keys.Exactly(keys.ErrUnsupported, "has a critical extension that is not known here"), mendReplace)
	}
	if err := c.checkKey(); err != nil {
		return err
	}
	if err := c.checkUsage(); err != nil {
		return err
	}
	// What cannot be sealed to must not be found out with a visitor's answers in hand.
	if _, err := recipientInfo(c.x509, make([]byte, keySize), false); err != nil {
		return c.refuse(keys.Exactly(keys.ErrUnsupported, "has a public key that cannot be used"), mendReplace)
	}
	return nil
}

func weakSignature(a x509.SignatureAlgorithm) bool {
	return slices.Contains([]x509.SignatureAlgorithm{
		x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1,
	}, a)
}

func (c *Certificate) checkKey() error {
	switch public := c.x509.PublicKey.(type) {
	case *rsa.PublicKey:
		switch n := public.N.BitLen(); {
		case n < minRSABits:
			return c.refuse(keys.Exactly(keys.ErrWeak, "has an RSA key of %d bits, and at least %d are needed", n, minRSABits), mendReplace)
		case n > maxRSABits:
			return c.refuse(keys.Exactly(keys.ErrUnsupported, "has an RSA key of %d bits, and at most %d are taken", n, maxRSABits), mendReplace)
		}
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return c.refuse(keys.Exactly(keys.ErrUnsupported, "has a key on the curve %s, and only P-256 can be used", public.Curve.Params().Name), mendReplace)
		}
	default:
		return c.refuse(keys.Exactly(keys.ErrUnsupported, "has neither an RSA key nor a P-256 key"), mendReplace)
	}
	return nil
}

// checkUsage holds the key's use against RFC 8550 §4.4: for RSA keyEncipherment, for EC keyAgreement, and e-mail
// among the extended ones. Where a certificate says nothing it may be used.
func (c *Certificate) checkUsage() error {
	if authorityOnly(c.x509) {
		return c.refuse(keys.Exactly(ErrUsage, "is an authority's own, which issues certificates and receives no mail"), mendOwn)
	}
	need, name := x509.KeyUsageKeyEncipherment, "key encipherment"
	if _, ec := c.x509.PublicKey.(*ecdsa.PublicKey); ec {
		need, name = x509.KeyUsageKeyAgreement, "key agreement"
	}
	if limited(c.x509) && c.x509.KeyUsage&need == 0 {
		return c.refuse(keys.Exactly(ErrUsage, "is not for encryption: its key usage lacks %s", name), mendReplace)
	}
	if !mailUse(c.x509) {
		return c.refuse(keys.Exactly(ErrUsage, "is not for e-mail: its extended key usage lacks e-mail protection"), mendReplace)
	}
	return nil
}

// authorityOnly tells an authority's certificate. One that somebody makes for themselves often calls itself an authority
// too (openssl req -x509 does), but
// does not say that it may issue others, and nobody else has issued it.
func authorityOnly(c *x509.Certificate) bool {
	selfMade := bytes.Equal(c.RawIssuer, c.RawSubject) && c.KeyUsage&x509.KeyUsageCertSign == 0
	return c.IsCA && !selfMade
}

// limited says whether a certificate names the uses of its key at all.
func limited(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(oidKeyUsage) {
			return true
		}
	}
	return false
}

// mailUse tells whether a certificate may be used for e-mail: it names e-mail protection or any use, or none at all.
func mailUse(c *x509.Certificate) bool {
	return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 ||
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}
