package smime_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/keys"
	"sealform/keys/smime"
)

var (
	profiles  = map[string]smime.Profile{"CBC": {}, "CBC, OAEP": {OAEP: true}, "GCM": {GCM: true}, "GCM, OAEP": {GCM: true, OAEP: true}}
	errBroken = errors.New("broken")
)

// TestSealer: what it says of itself, and what it refuses to be.
func TestSealer(t *testing.T) {
	signer, ec := newSigner(t, today), ecKey(t, curve)
	one, two := certify(t, nil, ec, mailbox(ec, today, nil)).parsed(today), certify(t, nil, rsaKey(), mailbox(rsaKey(), today, nil)).parsed(today)
	s, err := smime.New(signer, smime.Profile{}, one, two, one)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]keys.Fingerprint{one.Fingerprint(), two.Fingerprint()}, s.Fingerprints()); diff != "" {
		t.Error(diff)
	}
	if s.Kind() != keys.CMS || s.SignedBy() != signer.Fingerprint() || s.Usable(today) != nil {
		t.Errorf("%v, %v, %v", s.Kind(), s.SignedBy(), s.Usable(today))
	}
	var many []*smime.Certificate
	for range keys.MaxReaders + 1 {
		many = append(many, certify(t, nil, ec, mailbox(ec, today, nil)).parsed(today))
	}
	for name, make := range map[string]func() (keys.Sealer, error){
		"nobody":      func() (keys.Sealer, error) { return smime.New(signer, smime.Profile{}) },
		"65":          func() (keys.Sealer, error) { return smime.New(signer, smime.Profile{}, many...) },
		"no signer":   func() (keys.Sealer, error) { return smime.New(nil, smime.Profile{}, one) },
		"zero signer": func() (keys.Sealer, error) { return smime.New(&smime.Signer{}, smime.Profile{}, one) },
		"nil":         func() (keys.Sealer, error) { return smime.New(signer, smime.Profile{}, nil) },
		"zero":        func() (keys.Sealer, error) { return smime.New(signer, smime.Profile{}, &smime.Certificate{}) },
	} {
		if s, err := make(); err == nil || s != nil {
			t.Errorf("%s: a sealer", name)
		}
	}
}

// TestSealMailRefuses: nothing is begun for a reader, or by a signer, that is out of date.
// covers CR02
func TestSealMailRefuses(t *testing.T) {
	signer, ec := newSigner(t, today), ecKey(t, curve)
	s, err := smime.New(signer, smime.Profile{}, certify(t, nil, ec, mailbox(ec, today, nil)).parsed(today))
	if err != nil {
		t.Fatal(err)
	}
	never := func(io.Writer) error { t.Error("the entity was asked for"); return nil }
	_, err = s.SealMail(today.AddDate(2, 0, 0), never)
	refusal(t, err, keys.ErrExpired, "expired on 2027-11-21")
	if _, err := s.SealMail(time.Time{}, never); err == nil {
		t.Error("without a time")
	}
	if _, err := s.SealMail(today, nil); err == nil {
		t.Error("without an entity")
	}
	old := newSigner(t, today.AddDate(-11, 0, 0))
	s, err = smime.New(old, smime.Profile{}, certify(t, nil, ec, mailbox(ec, today, nil)).parsed(today))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.SealMail(today, never)
	refusal(t, err, keys.ErrExpired, "for signing mail")
}

// failing takes some octets and then breaks.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

// TestErrorsStay: a store or connection that breaks, at any point, and an entity that cannot be read.
func TestErrorsStay(t *testing.T) {
	signer, ec := newSigner(t, today), ecKey(t, curve)
	to := certify(t, nil, ec, mailbox(ec, today, nil)).parsed(today)
	whole := len(sealed(t, signer, smime.Profile{GCM: true}, today, strings.Repeat(letter, 100), to))
	for _, after := range []int{0, 20, 300, 1000, 20000, whole / 2, whole - 3000, whole - 30} {
		s, err := smime.New(signer, smime.Profile{GCM: true}, to)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := s.SealMail(today, func(w io.Writer) error {
			_, err := io.WriteString(w, strings.Repeat(letter, 100))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.WriteData(&failing{after}); !errors.Is(err, errBroken) {
			t.Errorf("after %d of %d octets: %v", after, whole, err)
		}
		if err := stream.WriteData(io.Discard); err == nil {
			t.Error("a stream is written twice")
		}
		if stream, err = s.SealMail(today, func(io.Writer) error { return errBroken }); err != nil {
			t.Fatal(err)
		}
		if err := stream.WriteData(io.Discard); !errors.Is(err, errBroken) {
			t.Errorf("of the entity: %v", err)
		}
	}
}

// TestSizes: around the pieces' borders, OpenSSL reads back what was sealed, and verifies it as a mail program does.
func TestSizes(t *testing.T) {
	now := time.Now()
	signer := newSigner(t, now)
	ec := ecKey(t, curve)
	to := certify(t, nil, ec, mailbox(ec, now, nil))
	f := newFolder(t)
	f.put("authority.pem", signer.Authority())
	for _, p := range []smime.Profile{{}, {GCM: true}} {
		for _, n := range []int{0, 1, 15, 16, 1000, 14000, 16 << 10, 3 << 20} {
			entity := "Content-Type: text/plain\r\n\r\n" + strings.Repeat("0123456789abcde\r\n", n/17) + strings.Repeat("x", n%17)
			message := sealed(t, signer, p, now, entity, to.parsed(now))
			opened, err := openssl{}.open(f, message, to)
			if err != nil {
				t.Fatalf("%d octets: %v", n, err)
			}
			content, _ := parts(t, opened)
			if string(content) != entity {
				t.Fatalf("%d octets became %d", len(entity), len(content))
			}
			f.must("openssl", "cms", "-verify", "-inform", "SMIME", "-in", "opened", "-CAfile", "authority.pem", "-out", "verified")
			if string(f.get("verified")) != entity {
				t.Fatalf("%d octets: OpenSSL takes another part as signed", n)
			}
			read, err := keys.ReadSealed(bytes.NewReader(message))
			if err != nil || read.Kind() != keys.CMS || read.AuthEnveloped() != p.GCM {
				t.Fatalf("the store does not take it back: %v", err)
			}
			var again bytes.Buffer
			if _, err := read.WriteTo(&again); err != nil || !bytes.Equal(again.Bytes(), message) {
				t.Fatalf("the store changes it: %v", err)
			}
		}
	}
}

// TestManyReaders: 64 of both kinds in one message; the first, one between and the last open it.
func TestManyReaders(t *testing.T) {
	now := time.Now()
	signer, ca := newSigner(t, now), authority(t, "Riverside Authority", now)
	var all []held
	var to []*smime.Certificate
	for i := range keys.MaxReaders {
		h := certify(t, &ca, rsaKey(), mailbox(rsaKey(), now, nil))
		if i%2 == 1 {
			key := ecKey(t, curve)
			h = certify(t, &ca, key, mailbox(key, now, nil))
		}
		all, to = append(all, h), append(to, h.parsed(now))
	}
	for name, p := range profiles {
		message := sealed(t, signer, p, now, letter, to...)
		for _, i := range []int{0, 31, 32, 63} {
			opened, err := openssl{}.open(newFolder(t), message, all[i])
			if err != nil {
				t.Fatalf("%s, reader %d: %v", name, i, err)
			}
			if content, _ := parts(t, opened); string(content) != letter {
				t.Fatalf("%s, reader %d: %q", name, i, content)
			}
		}
		stranger := certify(t, &ca, rsaKey(), mailbox(rsaKey(), now, nil)) // the same key, another certificate
		if _, err := (openssl{}).open(newFolder(t), message, stranger); err == nil {
			t.Fatalf("%s: opened for a certificate that it was not sealed to", name)
		}
	}
}

// TestChanged flips one bit at many places. GCM's ciphertext is refused. CBC's comes out changed, which is the trap
// (EFAIL): then no program may find a good signature over anything but the letter.
// covers CR11
func TestChanged(t *testing.T) {
	now := time.Now()
	signer := newSigner(t, now)
	ec := ecKey(t, curve)
	to := certify(t, nil, ec, mailbox(ec, now, nil))
	f := newFolder(t)
	f.put("authority.pem", signer.Authority())
	for _, c := range []struct {
		profile smime.Profile
		cipher  byte // the last octet of its OID
	}{{smime.Profile{}, 0x2A}, {smime.Profile{GCM: true}, 0x2E}} {
		message := sealed(t, signer, c.profile, now, letter, to.parsed(now))
		from := bytes.Index(message, []byte{0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, c.cipher})
		if from < 0 {
			t.Fatal("no cipher found")
		}
		opened := 0
		for at := from + 13; at < len(message)-14; at += 1 + (len(message)-from)/40 {
			changed := bytes.Clone(message)
			changed[at] ^= 4
			out, err := openssl{}.open(f, changed, to)
			if err != nil {
				continue
			}
			opened++
			if c.profile.GCM {
				t.Fatalf("octet %d changed, and it opens", at)
			}
			if _, err := f.run("", "openssl", "cms", "-verify", "-inform", "SMIME", "-in", "opened", "-CAfile", "authority.pem", "-out", "verified"); err == nil && string(f.get("verified")) != letter {
				t.Fatalf("octet %d changed, and the signature is good over %q", at, out)
			}
		}
		if !c.profile.GCM && opened < 20 {
			t.Fatalf("only %d changed messages opened: the test looked at nothing", opened)
		}
	}
}

// TestFreshKeys: the same letter twice has nothing in common but its names.
func TestFreshKeys(t *testing.T) {
	signer, ec := newSigner(t, today), ecKey(t, curve)
	to := certify(t, nil, ec, mailbox(ec, today, nil)).parsed(today)
	one, two := sealed(t, signer, smime.Profile{GCM: true}, today, letter, to), sealed(t, signer, smime.Profile{GCM: true}, today, letter, to)
	half := len(one) / 2
	if bytes.Equal(one[half:half+200], two[half:half+200]) {
		t.Error("the same ciphertext twice")
	}
	for _, secret := range []string{"New patient", "forms@riverside.example", "multipart/signed", "Name"} {
		if bytes.Contains(one, []byte(secret)) {
			t.Errorf("%q stands outside the seal", secret)
		}
	}
}

// TestConstantMemory: 20 MB go through in 32 KiB pieces, and less than 1 MB is ever asked of memory.
func TestConstantMemory(t *testing.T) {
	signer, ec := newSigner(t, today), ecKey(t, curve)
	to := certify(t, nil, ec, mailbox(ec, today, nil)).parsed(today)
	piece := make([]byte, 32<<10)
	_, _ = rand.Read(piece)
	for i, b := range piece {
		piece[i] = "0123456789abcdef"[b%16]
	}
	for name, p := range profiles {
		s, err := smime.New(signer, p, to)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := s.SealMail(today, func(w io.Writer) error {
			for range 640 {
				if _, err := w.Write(piece); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, err := stream.WriteTo(io.Discard)
		runtime.ReadMemStats(&after)
		if err != nil || n < 640*32<<10 {
			t.Fatalf("%d octets: %v", n, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
			t.Errorf("%s: %d octets were allocated for 20 MB", name, grown)
		}
	}
}

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"":                   "",
		"a\r\nb\r\n":         "a\r\nb\r\n",
		"a\nb\n":             "a\r\nb\r\n",
		"a\rb\r":             "a\r\nb\r\n",
		"\n\n\r\r\n\r\n\r":   "\r\n\r\n\r\n\r\n\r\n\r\n",
		"one line":           "one line",
		"\r":                 "\r\n",
		"no end\r\nof lines": "no end\r\nof lines",
	} {
		for n := 1; n <= max(1, len(in)); n++ {
			var pieces []string
			for rest := in; rest != ""; rest = rest[min(n, len(rest)):] {
				pieces = append(pieces, rest[:min(n, len(rest))])
			}
			var b bytes.Buffer
			if err := smime.Canonical(&b, pieces); err != nil || b.String() != want {
				t.Errorf("%q in pieces of %d: %q, want %q, %v", in, n, b.String(), want, err)
			}
		}
	}
	for left := range 6 {
		if err := smime.Canonical(&failing{left}, []string{"a\nb\r"}); !errors.Is(err, errBroken) {
			t.Errorf("after %d: %v", left, err)
		}
	}
}

// BenchmarkSeal is a form's mail of 2 KB.
func BenchmarkSeal(b *testing.B) {
	signer, ec := newSigner(b, today), ecKey(b, curve)
	entity := fmt.Sprintf("%s%s", letter, strings.Repeat("a line of text\r\n", 100))
	for name, c := range map[string]*smime.Certificate{
		"RSA":   certify(b, nil, rsaKey(), mailbox(rsaKey(), today, nil)).parsed(today),
		"P-256": certify(b, nil, ec, mailbox(ec, today, nil)).parsed(today),
	} {
		for _, p := range []string{"CBC", "GCM"} {
			b.Run(name+"/"+p, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					sealed(b, signer, profiles[p], today, entity, c)
				}
			})
		}
	}
}
