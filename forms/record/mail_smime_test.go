package record_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"testing"
	"time"

	"sealform/forms"
	"sealform/forms/formstest"
	"sealform/forms/record"
	"sealform/keys"
	"sealform/keys/smime"
)

// byCertificate is a sealer to one reader who has an X.509 certificate.
func byCertificate(t *testing.T) keys.Sealer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Lawyer"}, EmailAddresses: []string{"lawyer@office.example"},
		NotBefore: formstest.Now.Add(-time.Hour), NotAfter: formstest.Now.Add(time.Hour), KeyUsage: x509.KeyUsageKeyAgreement,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smime.ParseCertificate(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), smime.Trust{}, formstest.Now)
	if err != nil {
		t.Fatal(err)
	}
	by, _, err := smime.NewSigner("forms@riverside.example", formstest.Now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	s, err := smime.New(by, smime.Profile{}, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// covers ML10: one form mails by PGP/MIME to one person and by S/MIME to another, each message no larger than the relay
// takes, and keeps a copy.
func TestTwoStandardsOfOneForm(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	p := b.plan(f)
	p.Mails = append(p.Mails, record.Envelope{To: "lawyer@office.example", Sealer: byCertificate(t)})
	for _, n := range []int64{0, 1, 300_000, 3_000_000} {
		e := formstest.Patient()
		if n > 0 {
			e.Files = []forms.File{zeros(n)}
		}
		a := formstest.Check(t, f, e)
		fits := func(limit int64) *record.Submission {
			p.MailLimit = limit
			s, err := record.Seal(a, p)
			if err != nil || !s.Stored || len(s.Mails) != 2 {
				t.Fatalf("%d mails: %v", len(s.Mails), err)
			}
			return s
		}
		low, high := int64(0), 20_000+2*n+50_000 // for S/MIME: too small a limit, and one large enough
		for high-low > 1 {
			if mid := (low + high) / 2; fits(mid).Mails[1].TooLarge {
				low = mid
			} else {
				high = mid
			}
		}
		for limit, s := range map[int64]*record.Submission{high: fits(high), 0: fits(0)} {
			for i, kind := range []keys.Kind{keys.OpenPGP, keys.CMS} {
				if s.Mails[i].TooLarge || s.Mails[i].Body.Kind() != kind {
					t.Fatalf("a file of %d bytes, mail %d: %v, too large: %v", n, i, s.Mails[i].Body.Kind(), s.Mails[i].TooLarge)
				}
				size, err := s.Mails[i].Body.WriteTo(io.Discard)
				if err != nil {
					t.Fatal(err)
				}
				if wire := size*4/3*66/64 + header; limit > 0 && (wire > limit || wire < limit*9/10-50_000) {
					t.Errorf("a file of %d bytes, mail %d: %d on the wire, of %d", n, i, wire, limit)
				}
			}
		}
	}
}
