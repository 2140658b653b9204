package keys_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/google/go-cmp/cmp"

	"sealform/keys"
)

func certificate(t testing.TB, e *openpgp.Entity) *keys.Certificate {
	t.Helper()
	c, err := keys.ParseCertificate(public(t, e), today)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func recipients(t testing.TB, all ...*openpgp.Entity) *keys.Recipients {
	t.Helper()
	certs := make([]*keys.Certificate, len(all))
	for i, e := range all {
		certs[i] = certificate(t, e)
	}
	r, err := keys.NewRecipients(certs...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sealed gives body sealed both ways, as one reader's program would get it.
func sealed(t testing.TB, to *keys.Recipients, by *keys.Signer, body []byte) map[string][]byte {
	t.Helper()
	whole, err := to.Seal(keys.NewPlaintext(bytes.Clone(body)), by, today)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := to.SealStream(by, today, func(w io.Writer) error { return pieces(w, body) })
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	for name, s := range map[string]io.WriterTo{"whole": whole, "stream": stream} {
		var b bytes.Buffer
		n, err := s.WriteTo(&b)
		if err != nil || n != int64(b.Len()) {
			t.Fatalf("%s: wrote %d of %d: %v", name, n, b.Len(), err)
		}
		got[name] = b.Bytes()
	}
	return got
}

// read opens a message with the library and gives its content and what is said of it.
func read(t testing.TB, message []byte, keyring openpgp.KeyRing) ([]byte, *openpgp.MessageDetails) {
	t.Helper()
	details, err := openpgp.ReadMessage(bytes.NewReader(message), keyring, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(details.UnverifiedBody)
	if err != nil {
		t.Fatal(err)
	}
	return body, details
}

// ring is every key the reader knows: their own, and the server's certificate.
func ring(t testing.TB, by *keys.Signer, own ...*openpgp.Entity) openpgp.EntityList {
	t.Helper()
	known, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(by.Certificate()))
	if err != nil {
		t.Fatal(err)
	}
	return append(known, own...)
}

// TestLibraryOpens: another implementation opens and verifies every size, both ways.
func TestLibraryOpens(t *testing.T) {
	dana, eve := entity(t, profile(nil)), entity(t, profile(func(c *packet.Config) { c.Algorithm, c.Curve = packet.PubKeyAlgoECDSA, packet.CurveNistP256 }))
	to, by := recipients(t, dana, eve), signer(t)
	for _, size := range []int{0, 1, 100, 191, 192, 8192, 8400, 32<<10 - 7, 32<<10 - 6, 32<<10 - 5, 64 << 10, 1<<20 + 3} {
		body := random(t, size)
		for way, message := range sealed(t, to, by, body) {
			for _, reader := range []*openpgp.Entity{dana, eve} {
				got, details := read(t, message, ring(t, by, reader))
				if !bytes.Equal(got, body) {
					t.Errorf("%s of %d bytes: the content differs", way, size)
				}
				if !details.IsSigned || !details.IsVerified || details.SignatureError != nil {
					t.Errorf("%s of %d bytes: signature %v", way, size, details.SignatureError)
				}
				if details.LiteralData.FileName != "" || details.LiteralData.Time != 0 || details.DecryptedWithAlgorithm != packet.CipherAES256 {
					t.Errorf("%s: %+v", way, details.LiteralData)
				}
			}
		}
	}
}

// TestReaders: each session key names its reader's primary key, in order.
func TestReaders(t *testing.T) {
	to := recipients(t, entity(t, profile(nil)), entity(t, profile(nil)))
	s, err := to.Seal(keys.NewPlaintext([]byte("x")), signer(t), today)
	if err != nil {
		t.Fatal(err)
	}
	var got []keys.Fingerprint
	for _, k := range s.SessionKeys() {
		got = append(got, k.Reader)
	}
	if diff := cmp.Diff(to.Fingerprints(), got); diff != "" {
		t.Error(diff)
	}
	if s.Kind() != keys.OpenPGP {
		t.Errorf("kind %s", s.Kind())
	}
}

// TestAlwaysVersion1: defect d, the library chooses SEIPDv2 as soon as all readers
// announce it, as every key of Sequoia 1.x does.
func TestAlwaysVersion1(t *testing.T) {
	announces := entity(t, profile(func(c *packet.Config) { c.AEADConfig = &packet.AEADConfig{DefaultMode: packet.AEADModeOCB} }))
	self, _ := announces.PrimaryIdentity(today, nil)
	if !self.SEIPDv2 {
		t.Fatal("the test key announces nothing")
	}
	by := signer(t)
	for way, message := range sealed(t, recipients(t, announces), by, []byte("hello")) {
		s, err := keys.ParseSealed(message)
		if err != nil {
			t.Fatal(err)
		}
		if version := bodyOf(t, s.Data())[0]; version != 1 {
			t.Errorf("%s: SEIPD version %d", way, version)
		}
		if version := bodyOf(t, s.SessionKeys()[0].Packet)[0]; version != 3 {
			t.Errorf("%s: PKESK version %d", way, version)
		}
		if got, _ := read(t, message, ring(t, by, announces)); string(got) != "hello" {
			t.Errorf("%s: %q", way, got)
		}
	}
}

// bodyOf skips a packet's header.
func bodyOf(t *testing.T, raw []byte) []byte {
	t.Helper()
	switch {
	case raw[1] < 192 || raw[1] >= 224 && raw[1] < 255:
		return raw[2:]
	case raw[1] < 224:
		return raw[3:]
	default:
		return raw[6:]
	}
}

// TestReaderAddedLater: defect e, a signature that lists its intended recipients is bad
// for a reader whose session key was added afterwards.
func TestReaderAddedLater(t *testing.T) {
	dana, eve, by := entity(t, profile(nil)), entity(t, profile(nil)), signer(t)
	for way, message := range sealed(t, recipients(t, dana), by, []byte("hello")) {
		_, details := read(t, message, ring(t, by, dana))
		if n := len(details.Signature.IntendedRecipients); n != 0 {
			t.Errorf("%s: the signature names %d recipients", way, n)
		}
		first, err := packet.Read(bytes.NewReader(message))
		if err != nil {
			t.Fatal(err)
		}
		wrapped := first.(*packet.EncryptedKey)
		if err := wrapped.Decrypt(dana.Subkeys[0].PrivateKey, nil); err != nil {
			t.Fatal(err)
		}
		var added bytes.Buffer
		if err := packet.SerializeEncryptedKeyAEAD(&added, eve.Subkeys[0].PublicKey, wrapped.CipherFunc, false, wrapped.Key, nil); err != nil {
			t.Fatal(err)
		}
		got, details := read(t, append(added.Bytes(), message...), ring(t, by, eve))
		if string(got) != "hello" || !details.IsVerified || details.SignatureError != nil {
			t.Errorf("%s: %q, %v", way, got, details.SignatureError)
		}
	}
}

// TestConstantMemory: defect f, the library keeps one large Write whole.
func TestConstantMemory(t *testing.T) {
	body := make([]byte, 25<<20)
	s, err := recipients(t, entity(t, profile(nil))).SealStream(signer(t), today, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(body))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := s.WriteData(io.Discard); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 512<<10 {
		t.Errorf("sealing 25 MiB written at once took %d bytes of memory", used)
	}
}

// TestArmorHasChecksum: defect c, without it GnuPG before 2.4.9 fails on every message
// whose base64 ends without "=".
func TestArmorHasChecksum(t *testing.T) {
	for size := range 7 {
		var b bytes.Buffer
		w, err := keys.ArmorWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		sum := lines[len(lines)-2]
		if len(sum) != 5 || sum[0] != '=' {
			t.Errorf("%d octets: the line before the last is %q", size, sum)
		}
	}
}

var errBroken = errors.New("broken")

// failing takes so many octets and then breaks.
type failing struct {
	left int
	got  bytes.Buffer
}

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.left {
		f.got.Write(p[:f.left])
		f.left = 0
		return 0, errBroken
	}
	f.left -= len(p)
	return f.got.Write(p)
}

// TestFailureGivesNothing: any error, and there is no message, and no plaintext in what
// was written before it.
// covers CR03
func TestFailureGivesNothing(t *testing.T) {
	const canary = "CANARY-0123456789"
	dana, by := entity(t, profile(nil)), signer(t)
	short := entity(t, profile(func(c *packet.Config) { c.KeyLifetimeSecs = 365 * 86400 }))
	both := recipients(t, dana, short)
	late := today.AddDate(2, 0, 0)

	t.Run("one reader has expired", func(t *testing.T) {
		s, err := both.Seal(keys.NewPlaintext([]byte(canary)), by, late)
		if !errors.Is(err, keys.ErrExpired) || s.Kind() != 0 || s.Data() != nil || s.SessionKeys() != nil {
			t.Errorf("%v, %v", s, err)
		}
		if _, err := both.SealStream(by, late, func(io.Writer) error { return nil }); !errors.Is(err, keys.ErrExpired) {
			t.Errorf("stream: %v", err)
		}
		if err := both.Usable(late); !errors.Is(err, keys.ErrExpired) {
			t.Errorf("usable: %v", err)
		}
		if _, err := s.WriteTo(io.Discard); err == nil {
			t.Error("the zero Sealed is written")
		}
	})
	t.Run("something is missing", func(t *testing.T) {
		to := recipients(t, dana)
		for name, seal := range map[string]func() error{
			"plaintext": func() error { _, err := to.Seal(keys.Plaintext{}, by, today); return err },
			"signer":    func() error { _, err := to.Seal(keys.NewPlaintext(nil), nil, today); return err },
			"time":      func() error { _, err := to.Seal(keys.NewPlaintext(nil), by, time.Time{}); return err },
			"source":    func() error { _, err := to.SealStream(by, today, nil); return err },
			"readers":   func() error { _, err := keys.NewRecipients(); return err },
			"reader":    func() error { _, err := keys.NewRecipients(&keys.Certificate{}); return err },
		} {
			if seal() == nil {
				t.Errorf("sealed without %s", name)
			}
		}
	})
	t.Run("the source fails", func(t *testing.T) {
		for _, before := range []int{0, 100, 32 << 10, 200 << 10} {
			s, err := recipients(t, dana).SealStream(by, today, func(w io.Writer) error {
				if err := pieces(w, bytes.Repeat([]byte(canary), before/len(canary))); err != nil {
					return err
				}
				return errBroken
			})
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if _, err := s.WriteTo(&b); !errors.Is(err, errBroken) {
				t.Errorf("after %d: %v", before, err)
			}
			useless(t, b.Bytes(), canary)
		}
	})
	t.Run("the target fails", func(t *testing.T) {
		for _, room := range []int{0, 1, 90, 97, 98, 100, 65 << 10, 130 << 10, 200 << 10} {
			s, err := recipients(t, dana).SealStream(by, today, func(w io.Writer) error {
				return pieces(w, bytes.Repeat([]byte(canary), (300<<10)/len(canary)))
			})
			if err != nil {
				t.Fatal(err)
			}
			f := &failing{left: room}
			if _, err := s.WriteTo(f); !errors.Is(err, errBroken) {
				t.Errorf("room for %d: %v", room, err)
			}
			useless(t, f.got.Bytes(), canary)
		}
	})
	t.Run("twice", func(t *testing.T) {
		s, err := recipients(t, dana).SealStream(by, today, func(w io.Writer) error { return pieces(w, []byte(canary)) })
		if err != nil {
			t.Fatal(err)
		}
		if err := s.WriteData(io.Discard); err != nil {
			t.Fatal(err)
		}
		if err := s.WriteData(io.Discard); err == nil {
			t.Error("a stream was written twice")
		}
		if err := (keys.SealedStream{}).WriteData(io.Discard); err == nil {
			t.Error("the zero stream is written")
		}
	})
}

func useless(t *testing.T, b []byte, canary string) {
	t.Helper()
	if bytes.Contains(b, []byte(canary)) {
		t.Error("plaintext was written")
	}
	if _, err := keys.ParseSealed(b); err == nil {
		t.Error("what was written passes for a sealed message")
	}
}

// TestEverySealDiffers: session keys and prefixes are drawn anew each time.
// covers CR14
func TestEverySealDiffers(t *testing.T) {
	to, by := recipients(t, entity(t, profile(nil))), signer(t)
	seen := map[string]bool{}
	for range 50 {
		s, err := to.Seal(keys.NewPlaintext([]byte("the same")), by, today)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{string(s.SessionKeys()[0].Packet), string(s.Data()[:24]), string(s.Data()[24:40])} {
			if seen[part] {
				t.Fatal("two sealed messages share octets that must be random")
			}
			seen[part] = true
		}
	}
}
