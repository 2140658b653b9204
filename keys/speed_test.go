package keys_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys"
	"sealform/keys/private/privatetest"
)

func random(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// BenchmarkSeal is sealing one form's answers, 3 KiB, signed, to two readers.
func BenchmarkSeal(b *testing.B) {
	to := privatetest.Recipients(b,
		privatetest.Key(b, "Dana <dana@clinic.example>", "password"),
		privatetest.Key(b, "Eve <eve@clinic.example>", "password"))
	signer, _ := privatetest.Signer(b)
	body, now := random(b, 3<<10), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := to.Seal(keys.NewPlaintext(body), signer, now); err != nil {
			b.Fatal(err)
		}
	}
}

const bulk = 8 << 20

// pieces writes body as uploads come, 32 KiB at a time.
func pieces(w io.Writer, body []byte) error {
	for len(body) > 0 {
		n := min(len(body), 32<<10)
		if _, err := w.Write(body[:n]); err != nil {
			return err
		}
		body = body[n:]
	}
	return nil
}

// BenchmarkBulk seals 8 MiB with our data writer and with the library's SEIPDv1, in one
// run, signed and (the library) also unsigned.
func BenchmarkBulk(b *testing.B) {
	dana := privatetest.Key(b, "Dana <dana@clinic.example>", "password")
	to := privatetest.Recipients(b, dana)
	signer, _ := privatetest.Signer(b)
	body := random(b, bulk)
	b.Run("sealform/signed", func(b *testing.B) {
		b.SetBytes(bulk)
		b.ReportAllocs()
		for b.Loop() {
			sealBulk(b, to, signer, body)
		}
	})
	for _, signed := range []bool{true, false} {
		name := map[bool]string{true: "library/signed", false: "library/unsigned"}[signed]
		b.Run(name, func(b *testing.B) {
			params := libraryParams(b, dana.Certificate(), signed)
			b.SetBytes(bulk)
			b.ReportAllocs()
			for b.Loop() {
				params.seal(b, body)
			}
		})
	}
}

func sealBulk(b *testing.B, to *keys.Recipients, by *keys.Signer, body []byte) {
	b.Helper()
	s, err := to.SealStream(by, time.Now(), func(w io.Writer) error { return pieces(w, body) })
	if err != nil {
		b.Fatal(err)
	}
	if err := s.WriteData(io.Discard); err != nil {
		b.Fatal(err)
	}
}

func (l *library) seal(b *testing.B, body []byte) {
	b.Helper()
	w, err := openpgp.EncryptWithParams(io.Discard, l.to, nil, &l.EncryptParams)
	if err != nil {
		b.Fatal(err)
	}
	if err := pieces(w, body); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

type library struct {
	openpgp.EncryptParams
	to []*openpgp.Entity
}

// libraryParams are the same profile for the library: AES-256, SEIPDv1.
func libraryParams(t testing.TB, armored []byte, signed bool) *library {
	t.Helper()
	to, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armored))
	if err != nil {
		t.Fatal(err)
	}
	config := &packet.Config{DefaultCipher: packet.CipherAES256, CheckIntendedRecipients: new(bool)}
	p := &library{to: to, EncryptParams: openpgp.EncryptParams{Config: config}}
	if signed {
		by, err := openpgp.NewEntity("service", "", "", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA})
		if err != nil {
			t.Fatal(err)
		}
		p.Signers = []*openpgp.Entity{by}
	}
	return p
}

// BenchmarkArmor is our armor writer and the library's, both with the checksum.
func BenchmarkArmor(b *testing.B) {
	body := random(b, bulk)
	writers := map[string]func() (io.WriteCloser, error){
		"sealform": func() (io.WriteCloser, error) { return keys.ArmorWriter(io.Discard) },
		"library":  func() (io.WriteCloser, error) { return armor.Encode(io.Discard, "PGP MESSAGE", nil) },
	}
	for name, open := range writers {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(bulk)
			for b.Loop() {
				w, err := open()
				if err != nil {
					b.Fatal(err)
				}
				if err := pieces(w, body); err != nil {
					b.Fatal(err)
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
