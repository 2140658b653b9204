package private_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/internal/cost"
	"sealform/keys/private/privatetest"
)

const exportPw = "six random words on a card"

// messages are what we store and mail: small and 10 MB, whole and as a stream.
func messages(t *testing.T, to *keys.Recipients, by *keys.Signer) map[string]struct{ body, message []byte } {
	t.Helper()
	all := map[string]struct{ body, message []byte }{}
	for _, size := range []int{0, 100, 3000, 10 << 20} {
		body := random(t, size)
		whole, err := to.Seal(keys.NewPlaintext(bytes.Clone(body)), by, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		stream, err := to.SealStream(by, time.Now(), func(w io.Writer) error { _, err := w.Write(body); return err })
		if err != nil {
			t.Fatal(err)
		}
		for way, s := range map[string]io.WriterTo{"whole": whole, "stream": stream} {
			var b bytes.Buffer
			if _, err := s.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			all[fmt.Sprintf("%s of %d bytes", way, size)] = struct{ body, message []byte }{body, b.Bytes()}
		}
	}
	return all
}

func inArmor(t *testing.T, message []byte) []byte {
	t.Helper()
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
	return b.Bytes()
}

// TestGPGOpens: the exported key goes into gpg, which opens and verifies what we seal.
func TestGPGOpens(t *testing.T) {
	t.Parallel()
	c, g := newClinic(t), newGPG(t)
	exported, err := c.dana.Export(password(pw), password(exportPw))
	if err != nil {
		t.Fatal(err)
	}
	g.run(exported, "--passphrase", exportPw, "--import")
	g.run(c.signer.Certificate(), "--import")
	for name, m := range messages(t, c.to, c.signer) {
		if !bytes.Equal(g.decrypt(m.message, exportPw), m.body) {
			t.Errorf("%s: gpg reads something else", name)
		}
	}
	if _, status, err := g.try(c.seal(t, []byte("x")).Data(), "--passphrase", exportPw, "--decrypt"); err == nil {
		t.Errorf("gpg opens data without a session key:\n%s", status)
	}
}

// TestGPGReadsArmor: defect c, GnuPG failed on a third of all messages without the
// checksum, those whose base64 has no "=" at its end.
func TestGPGReadsArmor(t *testing.T) {
	t.Parallel()
	c, g := newClinic(t), newGPG(t)
	exported, err := c.dana.Export(password(pw), password(exportPw))
	if err != nil {
		t.Fatal(err)
	}
	g.run(exported, "--passphrase", exportPw, "--import")
	g.run(c.signer.Certificate(), "--import")
	for size := range 12 {
		body := bytes.Repeat([]byte("x"), size)
		sealed := c.seal(t, body)
		var b bytes.Buffer
		if _, err := sealed.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if got := g.decrypt(inArmor(t, b.Bytes()), exportPw); !bytes.Equal(got, body) {
			t.Errorf("%d bytes: gpg reads %q", size, got)
		}
	}
}

// TestSQOpens: the same with Sequoia.
func TestSQOpens(t *testing.T) {
	t.Parallel()
	c, s := newClinic(t), newSQ(t)
	exported, err := c.dana.Export(password(pw), password("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	s.write("dana.asc", exported)
	s.write("signer.asc", c.signer.Certificate())
	for name, m := range messages(t, c.to, c.signer) {
		s.write("message.asc", inArmor(t, m.message))
		s.runAsked("hunter2", "--force", "decrypt", "--recipient-key", "dana.asc", "--signer-cert", "signer.asc", "--output", "out.bin", "message.asc")
		if !bytes.Equal(s.read("out.bin"), m.body) {
			t.Errorf("%s: sq reads something else", name)
		}
	}
}

// TestGPGKeysReceive: keys that gpg made take part, as readers there and imported here.
func TestGPGKeysReceive(t *testing.T) {
	t.Parallel()
	cost.Cheapen(true)
	signer, believed := privatetest.Signer(t)
	for _, kind := range []string{"default", "future-default"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			g := newGPG(t)
			g.run(nil, "--passphrase", exportPw, "--quick-generate-key", "Gus <gus@clinic.example>", kind, "default", "never")
			g.run(signer.Certificate(), "--import")
			cert, err := keys.ParseCertificate(g.run(nil, "--armor", "--export", "gus"), time.Now().Add(time.Second))
			if err != nil {
				t.Fatal(err)
			}
			secret := g.run(nil, "--passphrase", exportPw, "--armor", "--export-secret-keys", "gus")
			subkeys := g.run(nil, "--passphrase", exportPw, "--armor", "--export-secret-subkeys", "gus")
			roundTrip(t, cert, signer, believed, map[string][]byte{"whole key": secret, "without the primary secret": subkeys}, exportPw, func(m []byte) []byte { return g.decrypt(m, exportPw) })
		})
	}
}

// TestSQKeysReceive: the same with Sequoia's, one under a password and one without.
func TestSQKeysReceive(t *testing.T) {
	t.Parallel()
	cost.Cheapen(true)
	signer, believed := privatetest.Signer(t)
	for _, suite := range []string{"cv25519", "rsa3k"} {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			s := newSQ(t)
			s.runAsked("hunter2", "key", "generate", "--with-password", "--cipher-suite", suite, "--userid", "'Sam <sam@clinic.example>'", "--export", "sam.pgp")
			s.run("key", "extract-cert", "--output", "sam.asc", "sam.pgp")
			s.write("signer.asc", signer.Certificate())
			cert, err := keys.ParseCertificate(s.read("sam.asc"), time.Now().Add(time.Second))
			if err != nil {
				t.Fatal(err)
			}
			roundTrip(t, cert, signer, believed, map[string][]byte{"whole key": s.read("sam.pgp")}, "hunter2", func(m []byte) []byte {
				s.write("message.asc", inArmor(t, m))
				s.runAsked("hunter2", "--force", "decrypt", "--recipient-key", "sam.pgp", "--signer-cert", "signer.asc", "--output", "out.bin", "message.asc")
				return s.read("out.bin")
			})
		})
	}
	t.Run("no password", func(t *testing.T) {
		s := newSQ(t)
		s.run("key", "generate", "--userid", "Sam <sam@clinic.example>", "--export", "sam.pgp")
		if _, err := private.Import(s.read("sam.pgp"), keys.Password{}, password(pw), time.Now().Add(time.Second)); err != nil {
			t.Error(err)
		}
	})
}

// roundTrip seals to a foreign key, lets its own program open the message, imports the
// exported secrets and opens it with each.
func roundTrip(t *testing.T, cert *keys.Certificate, signer *keys.Signer, believed *keys.Verifiers, secrets map[string][]byte, old string, theirs func([]byte) []byte) {
	t.Helper()
	to, err := keys.NewRecipients(cert)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(time.Second)
	sealed, err := to.Seal(keys.NewPlaintext([]byte("hello")), signer, now)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := sealed.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if got := theirs(b.Bytes()); string(got) != "hello" {
		t.Errorf("their program reads %q", got)
	}
	for name, secret := range secrets {
		if _, err := private.Import(secret, password("wrong"), password(pw), now); !errors.Is(err, private.ErrWrongPassword) {
			t.Errorf("%s: import with a wrong password: %v", name, err)
		}
		l, err := private.Import(secret, password(old), password(pw), now)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := private.ParseLocked(l.Bytes())
		if err != nil || again.Fingerprint() != cert.Fingerprint() {
			t.Errorf("%s: stored and read back: %v", name, err)
		}
		u, err := l.Unlock(password(pw))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, _, err := u.Open(sealed, believed)
		if err != nil || string(got.Reveal()) != "hello" {
			t.Errorf("%s: opened to %q, %v", name, got.Reveal(), err)
		}
		vault := private.NewVault(0, nil)
		half, err := vault.Keep("s", "p", u)
		if err != nil {
			t.Fatal(err)
		}
		if err := vault.With("s", "p", half, func(u *private.Unlocked) error { _, _, err := u.Open(sealed, believed); return err }); err != nil {
			t.Errorf("%s: from the vault: %v", name, err)
		}
		vault.LockAll()
		if _, err := l.Export(password(pw), password(exportPw)); err != nil {
			t.Errorf("%s: export: %v", name, err)
		}
	}
}

// TestGPGWeakKeys: what gpg still makes and we do not take.
// covers CR02
func TestGPGWeakKeys(t *testing.T) {
	t.Parallel()
	g := newGPG(t)
	g.run([]byte("%no-protection\nKey-Type: DSA\nKey-Length: 1024\nSubkey-Type: ELG-E\nSubkey-Length: 1024\nName-Real: Old\nExpire-Date: 0\n%commit\n"), "--generate-key")
	g.run([]byte("%no-protection\nKey-Type: RSA\nKey-Length: 1024\nSubkey-Type: RSA\nSubkey-Length: 1024\nName-Real: Short\nExpire-Date: 0\n%commit\n"), "--generate-key")
	g.run([]byte("%no-protection\nKey-Type: EdDSA\nKey-Curve: ed25519\nKey-Usage: sign\nName-Real: Signs\nExpire-Date: 0\n%commit\n"), "--generate-key")
	for name, want := range map[string]error{"Old": keys.ErrWeak, "Short": keys.ErrWeak, "Signs": keys.ErrNoEncryption} {
		if _, err := keys.ParseCertificate(g.run(nil, "--export", name), time.Now().Add(time.Second)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if _, err := keys.ParseCertificate(g.run(nil, "--export"), time.Now()); !errors.Is(err, keys.ErrSeveral) {
		t.Errorf("the whole keyring: %v", err)
	}
}

// TestImportRefuses: what is no private key, or could not receive.
func TestImportRefuses(t *testing.T) {
	c := newClinic(t)
	exported, err := c.dana.Export(password(pw), password(exportPw))
	if err != nil {
		t.Fatal(err)
	}
	before := privatetest.Born.AddDate(-1, 0, 0)
	for name, x := range map[string]struct {
		b    []byte
		pw   keys.Password
		now  time.Time
		want error
	}{
		"empty":   {nil, password(pw), time.Now(), private.ErrNotPrivate},
		"text":    {[]byte("hello"), password(pw), time.Now(), private.ErrNotPrivate},
		"public":  {c.dana.Certificate(), password(pw), time.Now(), private.ErrNotPrivate},
		"two":     {append(bytes.Clone(exported), exported...), password(pw), time.Now(), private.ErrNotPrivate},
		"huge":    {make([]byte, 1<<20), password(pw), time.Now(), private.ErrNotPrivate},
		"not yet": {exported, password(pw), before, keys.ErrNotYetValid},
		"good":    {exported, password(pw), time.Now(), nil},
	} {
		if _, err := private.Import(x.b, password(exportPw), x.pw, x.now); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	if _, err := private.Import(exported, password(exportPw), keys.Password{}, time.Now()); err == nil {
		t.Error("imported without a password")
	}
	if _, err := c.dana.Export(password(pw), keys.Password{}); err == nil {
		t.Error("exported without a password")
	}
}
