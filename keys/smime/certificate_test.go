package smime_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/keys"
	"sealform/keys/smime"
)

// refusal wants a clear one: the reason, a word of it, and a mend.
func refusal(t *testing.T, err error, reason error, says string) {
	t.Helper()
	var r *keys.Refusal
	if !errors.As(err, &r) || r.Mend == "" || !strings.HasSuffix(r.Mend, ".") {
		t.Fatalf("no refusal with a mend: %v", err)
	}
	if !errors.Is(err, reason) || !strings.Contains(err.Error(), says) {
		t.Fatalf("%v\nwant %q with %q", err, reason, says)
	}
}

// TestUnfitCertificates: each is refused with its reason, whether pinned or vouched for.
// covers CR11, CR02
func TestUnfitCertificates(t *testing.T) {
	ca := authority(t, "Riverside Authority", today)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, ec384 := ecKey(t, curve), ecKey(t, elliptic.P384())
	for name, c := range map[string]struct {
		key    crypto.Signer
		change func(*x509.Certificate)
		reason error
		says   string
	}{
		"expired today":    {ec, func(c *x509.Certificate) { c.NotAfter = today.Add(-time.Second) }, keys.ErrExpired, "expired on 2026-11-21"},
		"not yet valid":    {ec, func(c *x509.Certificate) { c.NotBefore = today.Add(time.Second) }, keys.ErrNotYetValid, "valid only from 2026-11-21T12:00:01Z on"},
		"RSA of 2048 bits": {smallRSAKey(), nil, keys.ErrWeak, "RSA key of 2048 bits, and at least 3072"},
		"P-384":            {ec384, nil, keys.ErrUnsupported, "curve P-384, and only P-256"},
		"Ed25519":          {edwards, nil, keys.ErrUnsupported, "neither an RSA key nor a P-256 key"},
		"RSA for signing":  {rsaKey(), func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }, smime.ErrUsage, "lacks key encipherment"},
		"EC for signing":   {ec, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }, smime.ErrUsage, "lacks key agreement"},
		"EC, RSA's use":    {ec, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, smime.ErrUsage, "lacks key agreement"},
		"for web servers":  {ec, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, smime.ErrUsage, "not for e-mail"},
		"for something else": {ec, func(c *x509.Certificate) {
			c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{{1, 2, 3}}
		}, smime.ErrUsage, "not for e-mail"},
		"critical, unknown": {ec, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}, keys.ErrUnsupported, "critical extension"},
	} {
		t.Run(name, func(t *testing.T) {
			h := certify(t, &ca, c.key, mailbox(c.key, today, c.change))
			for _, trust := range []smime.Trust{{}, {Roots: pool(ca)}} {
				_, err := smime.ParseCertificate(h.pem(), trust, today)
				refusal(t, err, c.reason, c.says)
				if !strings.Contains(err.Error(), `"dana@riverside.example" (fingerprint `) {
					t.Errorf("it does not say whose: %v", err)
				}
			}
		})
	}
}

// TestFitCertificates: what says nothing against mail is taken, in any wrapping.
func TestFitCertificates(t *testing.T) {
	ca := authority(t, "Riverside Authority", today)
	ec := ecKey(t, curve)
	for name, change := range map[string]func(*x509.Certificate){
		"as usual":            nil,
		"without usages":      func(c *x509.Certificate) { c.KeyUsage, c.ExtKeyUsage = 0, nil },
		"for anything":        func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} },
		"for mail and logon":  func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) },
		"last second of days": func(c *x509.Certificate) { c.NotAfter = today },
	} {
		h := certify(t, &ca, ec, mailbox(ec, today, change))
		text := append([]byte("Bag Attributes\n    friendlyName: Dana\n"), h.pem()...)
		for _, b := range [][]byte{h.cert.Raw, h.pem(), text, bytes.ReplaceAll(h.pem(), []byte("\n"), []byte("\r\n"))} {
			if _, err := smime.ParseCertificate(b, smime.Trust{Roots: pool(ca)}, today); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	own := certify(t, nil, rsaKey(), mailbox(rsaKey(), today, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }))
	c := own.parsed(today)
	if got, _ := c.Ends(today); !got.Equal(own.cert.NotAfter) {
		t.Errorf("expires %v", got)
	}
}

func TestNotACertificate(t *testing.T) {
	h := certify(t, nil, rsaKey(), mailbox(rsaKey(), today, nil))
	f := newFolder(t)
	p12 := f.get(f.p12("dana", h))
	key, _ := pem.Decode(h.keyPEM())
	for name, c := range map[string]struct {
		file   []byte
		reason error
	}{
		"nothing":          {nil, smime.ErrNotCertificate},
		"text":             {[]byte("hello"), smime.ErrNotCertificate},
		"half of it":       {h.cert.Raw[:200], smime.ErrNotCertificate},
		"more behind it":   {append(bytes.Clone(h.cert.Raw), 0), smime.ErrNotCertificate},
		"an OpenPGP key":   {[]byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZw==\n-----END PGP PUBLIC KEY BLOCK-----\n"), smime.ErrNotCertificate},
		"a request":        {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte{0x30, 0}}), smime.ErrNotCertificate},
		"too large":        {make([]byte, keys.MaxCertificate+1), keys.ErrTooLarge},
		"two":              {append(h.pem(), h.pem()...), keys.ErrSeveral},
		"with its key":     {append(h.pem(), h.keyPEM()...), keys.ErrSecret},
		"its key alone":    {h.keyPEM(), keys.ErrSecret},
		"its key in DER":   {key.Bytes, keys.ErrSecret},
		"an encrypted key": {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{0x30, 0}}), keys.ErrSecret},
		"a PKCS #12 file":  {p12, keys.ErrSecret},
		"broken, as armor": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.cert.Raw[:100]}), smime.ErrNotCertificate},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := smime.ParseCertificate(c.file, smime.Trust{}, today)
			refusal(t, err, c.reason, "")
		})
	}
}

// TestForeignCertificates: what the standard library does not make, OpenSSL does.
func TestForeignCertificates(t *testing.T) {
	f := newFolder(t)
	f.put("rsa.key", held{t: t, key: rsaKey()}.keyPEM())
	f.must("openssl", "ecparam", "-name", "brainpoolP256r1", "-genkey", "-noout", "-out", "brainpool.key")
	for name, c := range map[string]struct {
		key, digest string
		reason      error
		says        string
	}{
		"SHA-1":     {"rsa.key", "-sha1", keys.ErrWeak, "signed with SHA1-RSA"},
		"MD5":       {"rsa.key", "-md5", keys.ErrWeak, "signed with MD5-RSA"},
		"SHA3":      {"rsa.key", "-sha3-256", keys.ErrUnsupported, "signed in a way that is not known"},
		"brainpool": {"brainpool.key", "-sha256", keys.ErrUnsupported, "of a kind that cannot be used here"},
	} {
		t.Run(name, func(t *testing.T) {
			f.must("openssl", "req", "-x509", "-new", "-key", c.key, "-subj", "/CN=Dana", c.digest, "-days", "30", "-out", "made.pem")
			_, err := smime.ParseCertificate(f.get("made.pem"), smime.Trust{}, time.Now().Add(time.Minute))
			refusal(t, err, c.reason, c.says)
		})
	}
}

func TestEmails(t *testing.T) {
	ec := ecKey(t, curve)
	c := certify(t, nil, ec, mailbox(ec, today, func(c *x509.Certificate) {
		for _, address := range []string{"dana@old.example", "dana@riverside.example"} {
			c.Subject.ExtraNames = append(c.Subject.ExtraNames, pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: address})
		}
	})).parsed(today)
	if diff := cmp.Diff([]string{"dana@riverside.example", "dana@old.example"}, c.Emails()); diff != "" {
		t.Error(diff)
	}
}

// TestHostileName: a name in a certificate is a stranger's text, and stays on its line and within bounds.
func TestHostileName(t *testing.T) {
	ec := ecKey(t, curve)
	h := certify(t, nil, ec, mailbox(ec, today, func(c *x509.Certificate) {
		c.EmailAddresses, c.NotAfter = nil, today.Add(-time.Hour)
		c.Subject.CommonName = "Dana\r\nhas been renewed \u202e" + strings.Repeat("x", 3000)
	}))
	_, err := smime.ParseCertificate(h.pem(), smime.Trust{}, today)
	refusal(t, err, keys.ErrExpired, `"Dana\r\nhas been renewed \u202exxx`)
	if strings.ContainsAny(err.Error(), "\r\n\u202e") || len(err.Error()) > 600 {
		t.Errorf("%q", err)
	}
}

// TestUsableLater: what was fit at set-up is looked at before each use.
func TestUsableLater(t *testing.T) {
	ec := ecKey(t, curve)
	c := certify(t, nil, ec, mailbox(ec, today, nil)).parsed(today)
	if err := c.Usable(today.AddDate(0, 6, 0)); err != nil {
		t.Error(err)
	}
	refusal(t, c.Usable(today.AddDate(2, 0, 0)), keys.ErrExpired, "expired on 2027-11-21")
	refusal(t, c.Usable(today.AddDate(-1, 0, 0)), keys.ErrNotYetValid, "valid only from")
}

// One of RSA is in testdata: to make its key takes long where code is instrumented.
func FuzzParseCertificate(f *testing.F) {
	ca := authority(f, "Riverside Authority", today)
	ec := ecKey(f, curve)
	h := certify(f, &ca, ec, mailbox(ec, today, nil))
	f.Add(h.cert.Raw)
	f.Add(h.pem())
	at := today.AddDate(0, 0, 7) // the one in testdata is as young as this package
	signer := newSigner(f, today)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := smime.ParseCertificate(b, smime.Trust{}, at)
		var r *keys.Refusal
		if err != nil {
			if !errors.As(err, &r) || r.Mend == "" || c != nil || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("%v is not a refusal with a mend", err)
			}
			return
		}
		if err := c.Usable(at); err != nil {
			t.Fatalf("parsed, but: %v", err)
		}
		for _, p := range []smime.Profile{{}, {GCM: true, OAEP: true}} {
			sealed(t, signer, p, at, letter, c)
		}
	})
}
