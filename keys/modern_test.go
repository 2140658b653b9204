package keys_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/google/go-cmp/cmp"

	"sealform/keys"
)

// sixth is how a version 6 key is made that announces SEIPDv2.
func sixth(change func(*packet.Config)) *packet.Config {
	return profile(func(c *packet.Config) {
		c.Algorithm, c.V6Keys, c.AEADConfig = packet.PubKeyAlgoEd25519, true, &packet.AEADConfig{DefaultMode: packet.AEADModeOCB}
		c.DefaultCipher = packet.CipherAES256
		if change != nil {
			change(c)
		}
	})
}

// announcing is a version 4 key whose program reads SEIPDv2.
func announcing(c *packet.Config) {
	c.AEADConfig, c.DefaultCipher = &packet.AEADConfig{DefaultMode: packet.AEADModeOCB}, packet.CipherAES256
}

func gcm(c *packet.Config) { c.AEADConfig = &packet.AEADConfig{DefaultMode: packet.AEADModeGCM} }

func modern(t testing.TB, by *keys.Signer, all ...*openpgp.Entity) keys.Sealer {
	t.Helper()
	certs := make([]*keys.Certificate, len(all))
	for i, e := range all {
		certs[i] = certificate(t, e)
	}
	s, err := keys.NewModern(by, certs...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mailed is a message as its reader gets it.
func mailed(t testing.TB, s keys.Sealer, body []byte) []byte {
	t.Helper()
	stream, err := s.SealMail(today, func(w io.Writer) error { return pieces(w, body) })
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if n, err := stream.WriteTo(&b); err != nil || n != int64(b.Len()) {
		t.Fatalf("wrote %d of %d: %v", n, b.Len(), err)
	}
	return b.Bytes()
}

// TestModernOpens: another implementation opens and verifies every size, for each kind of key that can have it.
func TestModernOpens(t *testing.T) {
	by := signer(t)
	for name, config := range map[string]*packet.Config{
		"version 6":             sixth(nil),
		"version 6, GCM":        sixth(gcm),
		"version 6, 448":        sixth(func(c *packet.Config) { c.Algorithm = packet.PubKeyAlgoEd448 }),
		"version 4, announcing": profile(announcing),
		"RSA-3072, announcing":  profile(func(c *packet.Config) { announcing(c); c.Algorithm, c.RSABits = packet.PubKeyAlgoRSA, 3072 }),
		"new 25519, announcing": profile(func(c *packet.Config) { announcing(c); c.Algorithm = packet.PubKeyAlgoEd25519 }),
		"P-256, GCM, announcing": profile(func(c *packet.Config) {
			announcing(c)
			gcm(c)
			c.Algorithm, c.Curve = packet.PubKeyAlgoECDSA, packet.CurveNistP256
		}),
	} {
		t.Run(name, func(t *testing.T) {
			dana := entity(t, config)
			s := modern(t, by, dana)
			for _, size := range []int{0, 1, 500, 16<<10 - 100, 16 << 10, 33000, 1<<20 + 3} {
				body := random(t, size)
				message := mailed(t, s, body)
				got, details := read(t, message, ring(t, by, dana))
				if !bytes.Equal(got, body) {
					t.Errorf("%d bytes: the content differs", size)
				}
				if !details.IsSigned || !details.IsVerified || details.SignatureError != nil {
					t.Errorf("%d bytes: signature %v", size, details.SignatureError)
				}
				if stored, err := keys.ParseSealed(message); err != nil || stored.Kind() != keys.OpenPGP {
					t.Errorf("%d bytes: parsed: %v", size, err)
				}
				if err := throughStream(message); err != nil {
					t.Errorf("%d bytes: from the store: %v", size, err)
				}
			}
		})
	}
}

// TestModernShape: SEIPDv2 with AES-256 in chunks of 16 KiB, GCM only where all list it, session keys of version 6.
func TestModernShape(t *testing.T) {
	const ocb, galois = 2, 3
	six, four, fast := entity(t, sixth(nil)), entity(t, profile(announcing)), entity(t, sixth(gcm))
	by := signer(t)
	for name, c := range map[string]struct {
		to   []*openpgp.Entity
		mode byte
	}{
		"one":             {[]*openpgp.Entity{six}, ocb},
		"GCM":             {[]*openpgp.Entity{fast}, galois},
		"GCM not for all": {[]*openpgp.Entity{fast, four}, ocb},
		"both versions":   {[]*openpgp.Entity{six, four}, ocb},
	} {
		s := modern(t, by, c.to...)
		message, err := keys.ParseSealed(mailed(t, s, random(t, 40000)))
		if err != nil {
			t.Fatal(err)
		}
		head := bodyOf(t, message.Data())[:4]
		if diff := cmp.Diff([]byte{2, byte(packet.CipherAES256), c.mode, 8}, head); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if n := len(message.SessionKeys()); n != len(c.to) {
			t.Errorf("%s: %d session keys", name, n)
		}
		for i, k := range message.SessionKeys() {
			// Version, length and version of what follows, fingerprint of the subkey (RFC 9580 §5.1.2): defect a drops the length.
			subkey := c.to[i].Subkeys[0].PublicKey
			want := join([]byte{6, byte(1 + len(subkey.Fingerprint)), byte(subkey.Version)}, subkey.Fingerprint)
			if !bytes.HasPrefix(bodyOf(t, k.Packet), want) {
				t.Errorf("%s: session key %d is not of version 6 for its subkey", name, i)
			}
		}
		var prints []keys.Fingerprint
		for _, e := range c.to {
			prints = append(prints, keys.FingerprintOf(e.PrimaryKey.Fingerprint))
		}
		if diff := cmp.Diff(prints, s.Fingerprints()); diff != "" || s.Kind() != keys.OpenPGP || s.SignedBy() != by.Fingerprint() {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if f := certificate(t, six).Fingerprint(); len(f) != 64 {
		t.Errorf("a version 6 fingerprint has %d digits", len(f))
	}
}

// TestModernHidesLength: contents within one KiB come out at one length, and none grows by more than mail reckons with
// (forms: 2 KiB, a 512th, and the reader's key).
func TestModernHidesLength(t *testing.T) {
	s := modern(t, signer(t), entity(t, sixth(nil)))
	seen := map[int]bool{}
	for size := 50_000; size < 50_300; size += 7 {
		seen[len(mailed(t, s, make([]byte, size)))] = true
	}
	if len(seen) > 2 {
		t.Errorf("43 contents of nearly one size come out at %d lengths", len(seen))
	}
	for _, size := range []int{0, 1000, 10_000, 100_000, 1_000_000} {
		if n := len(mailed(t, s, make([]byte, size))); n < size || n > size+size/512+2048+1200 {
			t.Errorf("%d bytes became %d", size, n)
		}
	}
}

// TestModernRefuses: what cannot have the profile says so with a mend, and the usual profile refuses version 6.
func TestModernRefuses(t *testing.T) {
	by := signer(t)
	quiet, six := certificate(t, entity(t, profile(nil))), certificate(t, entity(t, sixth(nil)))
	old := entity(t, sixth(func(c *packet.Config) { c.KeyLifetimeSecs = 365 * 86400 }))
	for name, c := range map[string]struct {
		seal func() error
		says string
	}{
		"v4 that announces nothing": {func() error { _, err := keys.NewModern(by, quiet); return err }, "Take profile: modern off"},
		"one of two":                {func() error { _, err := keys.NewModern(by, six, quiet); return err }, "Take profile: modern off"},
		"v6 that announces nothing": {func() error {
			_, err := keys.NewModern(by, certificate(t, entity(t, sixth(func(c *packet.Config) { c.AEADConfig = nil }))))
			return err
		}, "or for a version 4 key"},
		"v6 in the usual profile": {func() error { _, err := keys.NewRecipients(six); return err }, "profile: modern"},
		"v6 beside v4":            {func() error { _, err := keys.NewRecipients(quiet, six); return err }, "version 6 key"},
	} {
		var refusal *keys.Refusal
		if err := c.seal(); !errors.As(err, &refusal) || !errors.Is(err, keys.ErrUnsupported) || refusal.Mend == "" || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := keys.ParseVerifiers(public(t, entity(t, sixth(nil)))); !errors.Is(err, keys.ErrUnsupported) {
		t.Errorf("a version 6 key as a signing key: %v", err)
	}
	s := modern(t, by, old)
	late := today.AddDate(1, 0, 0)
	if err := s.Usable(late); !errors.Is(err, keys.ErrExpired) {
		t.Errorf("expired: %v", err)
	}
	if _, err := s.SealMail(late, func(io.Writer) error { return nil }); !errors.Is(err, keys.ErrExpired) {
		t.Errorf("sealed though expired: %v", err)
	}
	for name, try := range map[string]func() error{
		"signer": func() error { _, err := keys.NewModern(nil, six); return err },
		"reader": func() error { _, err := keys.NewModern(by); return err },
		"source": func() error { _, err := s.SealMail(today, nil); return err },
	} {
		if try() == nil {
			t.Errorf("sealed without %s", name)
		}
	}
}

// TestSixthCertificates: version 6 certificates are checked as others are.
// covers CR02
func TestSixthCertificates(t *testing.T) {
	nameless := entity(t, sixth(nil))
	nameless.Identities = nil
	c := certificate(t, nameless)
	if c.UserID() != "" || c.Version() != 6 || !c.Expires().IsZero() {
		t.Errorf("%q, version %d, ends %s", c.UserID(), c.Version(), c.Expires())
	}
	if _, err := keys.NewRecipients(c); err == nil || !strings.Contains(err.Error(), string(c.Fingerprint())) {
		t.Errorf("a key without a name is not named by its fingerprint: %v", err)
	}
	gone := entity(t, sixth(nil))
	if err := gone.Revoke(packet.KeyCompromised, "lost", sixth(nil)); err != nil {
		t.Fatal(err)
	}
	mixed := entity(t, sixth(nil))
	mixed.Subkeys = entity(t, profile(announcing)).Subkeys
	for name, x := range map[string]struct {
		e    *openpgp.Entity
		want error
	}{
		"expired": {entity(t, sixth(func(c *packet.Config) { c.KeyLifetimeSecs = 3 * 86400 })), keys.ErrExpired},
		"revoked": {gone, keys.ErrRevoked},
		"future":  {entity(t, sixth(func(c *packet.Config) { c.Time = func() time.Time { return today.AddDate(1, 0, 0) } })), keys.ErrNotYetValid},
	} {
		if _, err := keys.ParseCertificate(public(t, x.e), today); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c, err := keys.ParseCertificate(public(t, mixed), today); err == nil {
		t.Errorf("a subkey of another key is taken: %v", c)
	}
}

// TestModernArmor: RFC 9580 §6.1 forbids the checksum where version 6 is, and the usual profile has it.
func TestModernArmor(t *testing.T) {
	by, dana := signer(t), entity(t, profile(announcing))
	for name, c := range map[string]struct {
		sealer keys.Sealer
		sum    bool
	}{"modern": {modern(t, by, dana), false}, "usual": {recipients(t, dana).By(by), true}} {
		for size := range 4 {
			message := mailed(t, c.sealer, make([]byte, 100_000*size))
			var b bytes.Buffer
			w, err := keys.ArmorWriter(&b)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(message); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(dearmor(t, b.Bytes()), message) {
				t.Errorf("%s: the armor does not read back", name)
			}
			if got := bytes.Contains(b.Bytes(), []byte("\n=")); got != c.sum {
				t.Errorf("%s: a checksum is there: %t", name, got)
			}
		}
	}
}

// TestModernConstantMemory: defect f.
func TestModernConstantMemory(t *testing.T) {
	body := make([]byte, 10<<20)
	s, err := modern(t, signer(t), entity(t, sixth(gcm))).SealMail(today, func(w io.Writer) error {
		_, err := w.Write(body)
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
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("sealing 10 MiB written at once took %d bytes of memory", used)
	}
}

// TestModernFailure: an error leaves nothing that opens and nothing that can be read.
// covers CR03
func TestModernFailure(t *testing.T) {
	const canary = "CANARY-0123456789"
	s := modern(t, signer(t), entity(t, sixth(nil)))
	long := bytes.Repeat([]byte(canary), (300<<10)/len(canary))
	broken, err := s.SealMail(today, func(w io.Writer) error {
		if err := pieces(w, long); err != nil {
			return err
		}
		return errBroken
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := broken.WriteTo(&b); !errors.Is(err, errBroken) {
		t.Errorf("the source fails: %v", err)
	}
	useless(t, b.Bytes(), canary)
	if _, err := broken.WriteTo(io.Discard); err == nil || errors.Is(err, errBroken) {
		t.Errorf("a second time: %v", err)
	}
	for _, room := range []int{0, 1, 90, 111, 150, 20 << 10, 200 << 10, 300 << 10} {
		stream, err := s.SealMail(today, func(w io.Writer) error { return pieces(w, long) })
		if err != nil {
			t.Fatal(err)
		}
		f := &failing{left: room}
		if _, err := stream.WriteTo(f); !errors.Is(err, errBroken) {
			t.Errorf("room for %d: %v", room, err)
		}
		useless(t, f.got.Bytes(), canary)
	}
}

// TestModernTampering: one changed octet, or one missing, and the message does not open.
// covers CR05
func TestModernTampering(t *testing.T) {
	dana, by := entity(t, sixth(nil)), signer(t)
	message := mailed(t, modern(t, by, dana), random(t, 40000))
	for _, at := range []int{130, 200, 20000, len(message) - 20, len(message) - 1, len(message)} {
		changed := bytes.Clone(message)
		if at < len(message) {
			changed[at] ^= 1
		} else {
			changed = changed[:len(message)-1]
		}
		if details, err := openpgp.ReadMessage(bytes.NewReader(changed), ring(t, by, dana), nil, nil); err == nil {
			if _, err := io.ReadAll(details.UnverifiedBody); err == nil {
				t.Errorf("octet %d changed, and it opens", at)
			}
		}
	}
}

// TestOldSequoia: sq 0.27 reads the usual profile also for a key that announces more, and not the modern one: that is why
// the modern one is a choice.
func TestOldSequoia(t *testing.T) {
	sq := program(t, "sq")
	version, err := exec.Command(sq, "--version").CombinedOutput()
	if err != nil {
		t.Fatalf("sq: %v", err)
	}
	dir, by := t.TempDir(), signer(t)
	dana := entity(t, profile(announcing))
	secret := inArmor(t, openpgp.PrivateKeyType, func(w *bytes.Buffer) error { return dana.SerializePrivateWithoutSigning(w, nil) })
	body := random(t, 40000)
	decrypt := func(message []byte) ([]byte, error) {
		for name, b := range map[string][]byte{"dana.asc": secret, "by.asc": by.Certificate(), "message.pgp": message} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command(sq, "--force", "decrypt", "--recipient-key", "dana.asc", "--signer-cert", "by.asc", "--output", "out", "message.pgp")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return out, err
		}
		return os.ReadFile(filepath.Join(dir, "out"))
	}
	if got, err := decrypt(mailed(t, recipients(t, dana).By(by), body)); err != nil || !bytes.Equal(got, body) {
		t.Errorf("the usual profile: %v\n%.500s", err, got)
	}
	old := bytes.HasPrefix(version, []byte("sq 0."))
	if got, err := decrypt(mailed(t, modern(t, by, dana), body)); old && err == nil {
		t.Error("sq 0.27 reads the modern profile: the docs must say so")
	} else if !old && (err != nil || !bytes.Equal(got, body)) {
		t.Errorf("sq 1 does not read the modern profile: %v\n%.500s", err, got)
	}
}
