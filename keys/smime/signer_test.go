package smime_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/keys"
	"sealform/keys/smime"
)

func certificates(t *testing.T, b []byte) []*x509.Certificate {
	t.Helper()
	var all []*x509.Certificate
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			t.Fatalf("a %s", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// TestNewSigner: a certificate for signing mail from one address, vouched for by an authority that can issue no other.
// covers CR19
func TestNewSigner(t *testing.T) {
	s, secret, err := smime.NewSigner("forms@riverside.example", today)
	if err != nil {
		t.Fatal(err)
	}
	all := certificates(t, s.Certificate())
	if len(all) != 2 {
		t.Fatalf("%d certificates", len(all))
	}
	own, top := all[0], all[1]
	if diff := cmp.Diff([]string{"forms@riverside.example"}, own.EmailAddresses); diff != "" {
		t.Error(diff)
	}
	if own.KeyUsage != x509.KeyUsageDigitalSignature || own.IsCA || !top.IsCA || !top.MaxPathLenZero {
		t.Errorf("usage %b, authority %v above %v", own.KeyUsage, top.IsCA, own.IsCA)
	}
	mailOnly := []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	if diff := cmp.Diff([][]x509.ExtKeyUsage{mailOnly, mailOnly}, [][]x509.ExtKeyUsage{own.ExtKeyUsage, top.ExtKeyUsage}); diff != "" {
		t.Error(diff)
	}
	if k, ok := own.PublicKey.(*ecdsa.PublicKey); !ok || k.Curve != curve {
		t.Error("not a P-256 key")
	}
	if got := certificates(t, s.Authority()); len(got) != 1 || !got[0].Equal(top) {
		t.Error("another authority")
	}
	again, err := smime.ParseSigner(secret)
	if err != nil || again.Fingerprint() != s.Fingerprint() || len(s.Fingerprint()) != 64 {
		t.Errorf("%v, %v: %v", again, s.Fingerprint(), err)
	}
	if bytes.Count(secret, []byte("PRIVATE KEY-----")) != 2 {
		t.Error("the authority's key was kept")
	}
	if !s.Expires().Equal(today.AddDate(10, 0, 0)) || s.Usable(today) != nil {
		t.Errorf("%v, %v", s.Expires(), s.Usable(today))
	}
	refusal(t, s.Usable(today.AddDate(10, 0, 1)), keys.ErrExpired, "expired on 2036-11-21")
	refusal(t, s.Usable(today.AddDate(0, 0, -1)), keys.ErrNotYetValid, "valid only from")
	if _, err := smime.ParseCertificate(certificatePEM(own), smime.Trust{}, today); !errors.Is(err, smime.ErrUsage) {
		t.Errorf("it can receive: %v", err)
	}
	other := certificates(t, newSigner(t, today).Authority())[0]
	if bytes.Equal(other.RawSubject, top.RawSubject) {
		t.Error("two installations' authorities have one name")
	}
}

func certificatePEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func TestSignerAddress(t *testing.T) {
	for _, address := range []string{
		"", "forms", "Forms <forms@riverside.example>", "forms@riverside.example\r\n", "\"a b\"@riverside.example", "fórms@riverside.example",
		"forms@riverside.example, b@riverside.example", "a@b> ORCPT=x", "forms@rivérside.example",
	} {
		if s, secret, err := smime.NewSigner(address, today); err == nil || s != nil || secret != nil {
			t.Errorf("%q is taken", address)
		} else if address != "" && strings.Contains(err.Error(), address) {
			t.Errorf("%q is repeated: %v", address, err)
		}
	}
	long := strings.Repeat("a", 60) + "@riverside.example"
	if _, _, err := smime.NewSigner(long, today); err != nil {
		t.Error(err)
	}
}

// signing is a template for a certificate that signs mail.
func signing(change func(*x509.Certificate)) *x509.Certificate {
	return mailbox(publicOnly{}, today, func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageDigitalSignature
		if change != nil {
			change(c)
		}
	})
}

func TestParseSigner(t *testing.T) {
	ca := authority(t, "Riverside Authority", today)
	ec := ecKey(t, curve)
	good := certify(t, &ca, ec, signing(nil))
	byRSA := certify(t, &ca, smallRSAKey(), signing(nil))
	none := certify(t, &ca, ec, signing(func(c *x509.Certificate) { c.KeyUsage, c.ExtKeyUsage = 0, nil }))
	for name, secret := range map[string][]byte{
		"P-256":        append(good.keyPEM(), good.pem()...),
		"the other":    append(good.pem(), good.keyPEM()...),
		"with chain":   bytes.Join([][]byte{good.keyPEM(), good.pem(), ca.pem()}, nil),
		"RSA 2048":     append(byRSA.keyPEM(), byRSA.pem()...),
		"no usage":     append(none.keyPEM(), none.pem()...),
		"out of date":  signerOf(certify(t, &ca, ec, signing(func(c *x509.Certificate) { c.NotAfter = today.Add(-time.Hour) }))),
		"non-repudiat": signerOf(certify(t, &ca, ec, signing(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment }))),
	} {
		if _, err := smime.ParseSigner(secret); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	key384 := ecKey(t, elliptic.P384())
	small := certify(t, &ca, ec, mailbox(ec, today, nil))
	broken := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{0x30, 0}})
	for name, secret := range map[string][]byte{
		"nothing":            nil,
		"no key":             good.pem(),
		"no certificate":     good.keyPEM(),
		"another's key":      append(byRSA.keyPEM(), good.pem()...),
		"two keys":           bytes.Join([][]byte{good.keyPEM(), byRSA.keyPEM(), good.pem()}, nil),
		"chain upside down":  bytes.Join([][]byte{good.keyPEM(), ca.pem(), good.pem()}, nil),
		"a stranger above":   bytes.Join([][]byte{good.keyPEM(), good.pem(), authority(t, "Other", today).pem()}, nil),
		"P-384":              signerOf(certify(t, &ca, key384, signing(nil))),
		"for receiving":      signerOf(small),
		"for web servers":    signerOf(certify(t, &ca, ec, signing(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }))),
		"key in old form":    append(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte{0x30, 0}}), good.pem()...),
		"unreadable key":     append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{0x30, 0}}), good.pem()...),
		"broken certificate": append(good.keyPEM(), broken...),
		"nine certificates":  append(good.keyPEM(), bytes.Repeat(good.pem(), 9)...),
	} {
		if s, err := smime.ParseSigner(secret); !errors.Is(err, smime.ErrSigner) || s != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func signerOf(h held) []byte { return append(h.keyPEM(), h.pem()...) }

// TestSuppliedSigners: what an operator bought signs as well, with RSA or P-256, and every program verifies it.
func TestSuppliedSigners(t *testing.T) {
	now := time.Now()
	ca := authority(t, "Riverside Authority", now)
	to := certify(t, &ca, rsaKey(), mailbox(rsaKey(), now, nil))
	for name, key := range map[string]crypto.Signer{"RSA": smallRSAKey(), "P-256": ecKey(t, curve)} {
		h := certify(t, &ca, key, mailbox(key, now, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }))
		signer, err := smime.ParseSigner(bytes.Join([][]byte{h.keyPEM(), h.pem(), ca.pem()}, nil))
		if err != nil {
			t.Fatal(err)
		}
		message := sealed(t, signer, smime.Profile{}, now, letter, to.parsed(now))
		for program, r := range readers {
			t.Run(name+", "+program, func(t *testing.T) {
				t.Parallel()
				tryReader(t, r, message, to, signer, opens)
			})
		}
	}
}
