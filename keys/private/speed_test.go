package private_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"testing"
	"time"

	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/privatetest"
)

// small is about the size of a form's answers: 3 KiB.
const small = 3 << 10

func random(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// BenchmarkOpen is opening and verifying one stored submission.
func BenchmarkOpen(b *testing.B) {
	dana := privatetest.Key(b, "Dana <dana@clinic.example>", "password")
	eve := privatetest.Key(b, "Eve <eve@clinic.example>", "password")
	to := privatetest.Recipients(b, dana, eve)
	signer, believed := privatetest.Signer(b)
	sealed, err := to.Seal(keys.NewPlaintext(random(b, small)), signer, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	u := privatetest.Unlocked(b, eve, "password")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := u.Open(sealed, believed); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheck is pass one and two over 8 MiB in chunks of 256 KiB.
func BenchmarkCheck(b *testing.B) {
	const size = 8 << 20
	dana := privatetest.Key(b, "Dana <dana@clinic.example>", "password")
	signer, believed := privatetest.Signer(b)
	sk, data := stream(b, privatetest.Recipients(b, dana), signer, random(b, size))
	u := privatetest.Unlocked(b, dana, "password")
	for _, pass := range []string{"one", "two"} {
		b.Run(pass, func(b *testing.B) {
			checked, err := u.Check(sk, chunked(data, 256<<10), believed)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if pass == "one" {
					_, err = u.Check(sk, chunked(data, 256<<10), believed)
				} else {
					_, err = checked.WriteTo(io.Discard)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// stream seals as attachments are sealed.
func stream(t testing.TB, to *keys.Recipients, by *keys.Signer, body []byte) ([]keys.SessionKey, []byte) {
	t.Helper()
	s, err := to.SealStream(by, time.Now(), func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	if err := s.WriteData(&data); err != nil {
		t.Fatal(err)
	}
	return s.SessionKeys(), data.Bytes()
}

// chunked gives data in pieces of n bytes.
func chunked(data []byte, n int) private.Chunks {
	return func(i int) ([]byte, error) {
		if i*n >= len(data) {
			return nil, io.EOF
		}
		return data[i*n : min((i+1)*n, len(data))], nil
	}
}
