package keys_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys"
)

var (
	made  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	today = made.AddDate(0, 6, 0)
)

// profile is how a test key is made: a legacy 25519 key unless change says otherwise.
func profile(change func(*packet.Config)) *packet.Config {
	c := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Curve: packet.Curve25519, Time: func() time.Time { return made }}
	if change != nil {
		change(c)
	}
	return c
}

func entity(t testing.TB, c *packet.Config) *openpgp.Entity {
	t.Helper()
	e, err := openpgp.NewEntity("Dana", "", "dana@x", c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// public gives the certificate of e, armored.
func public(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	return inArmor(t, openpgp.PublicKeyType, func(w *bytes.Buffer) error { return e.Serialize(w) })
}

func inArmor(t testing.TB, kind string, write func(*bytes.Buffer) error) []byte {
	t.Helper()
	var raw, out bytes.Buffer
	if err := write(&raw); err != nil {
		t.Fatal(err)
	}
	w, err := armor.Encode(&out, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(raw.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func dearmor(t testing.TB, b []byte) []byte {
	t.Helper()
	block, err := armor.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(block.Body); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

func TestCertificateAccepted(t *testing.T) {
	for name, change := range map[string]func(*packet.Config){
		"legacy 25519":    nil,
		"new 25519 ids":   func(c *packet.Config) { c.Algorithm = packet.PubKeyAlgoEd25519 },
		"P-256":           func(c *packet.Config) { c.Algorithm, c.Curve = packet.PubKeyAlgoECDSA, packet.CurveNistP256 },
		"P-384":           func(c *packet.Config) { c.Algorithm, c.Curve = packet.PubKeyAlgoECDSA, packet.CurveNistP384 },
		"P-521":           func(c *packet.Config) { c.Algorithm, c.Curve = packet.PubKeyAlgoECDSA, packet.CurveNistP521 },
		"brainpool P-256": func(c *packet.Config) { c.Algorithm, c.Curve = packet.PubKeyAlgoECDSA, packet.CurveBrainpoolP256 },
		"RSA-3072":        func(c *packet.Config) { c.Algorithm, c.RSABits = packet.PubKeyAlgoRSA, 3072 },
	} {
		t.Run(name, func(t *testing.T) {
			e := entity(t, profile(change))
			text := public(t, e)
			binary := dearmor(t, text)
			for _, form := range [][]byte{text, binary} {
				c, err := keys.ParseCertificate(form, today)
				if err != nil {
					t.Fatal(err)
				}
				if c.UserID() != "Dana <dana@x>" || c.Fingerprint() != keys.FingerprintOf(e.PrimaryKey.Fingerprint) || !c.Expires().IsZero() {
					t.Errorf("%q %s %s", c.UserID(), c.Fingerprint(), c.Expires())
				}
				if c.Hash() != sha256.Sum256(binary) {
					t.Error("the hash is not of the binary certificate")
				}
				if !bytes.Equal(dearmor(t, c.Armored()), binary) {
					t.Error("the armored certificate has other octets")
				}
			}
		})
	}
}

// covers CR02
func TestCertificateRefused(t *testing.T) {
	good := public(t, entity(t, profile(nil)))
	for name, c := range map[string]struct {
		file []byte
		want error
		says string
	}{
		"expired": {
			public(t, entity(t, profile(func(c *packet.Config) { c.KeyLifetimeSecs = 3 * 86400 }))), keys.ErrExpired,
			`expired on 2026-01-05. Ask its owner to extend it and export it again.`,
		},
		"from the future": {
			public(t, entity(t, profile(func(c *packet.Config) { c.Time = func() time.Time { return today.AddDate(1, 0, 0) } }))), keys.ErrNotYetValid, "clock",
		},
		"revoked":               {public(t, withdrawn(t)), keys.ErrRevoked, "has been revoked"},
		"revoked, softly":       {public(t, retired(t)), keys.ErrRevoked, "has been revoked"},
		"subkey revoked":        {public(t, subkeyWithdrawn(t)), keys.ErrRevoked, "has only encryption keys that have been revoked"},
		"sign-only":             {public(t, signOnly(t)), keys.ErrNoEncryption, "add an encryption subkey"},
		"RSA-2048":              {public(t, entity(t, profile(func(c *packet.Config) { c.Algorithm, c.RSABits = packet.PubKeyAlgoRSA, 2048 }))), keys.ErrWeak, "RSA with 2048 bits"},
		"secp256k1":             {public(t, entity(t, profile(func(c *packet.Config) { c.Algorithm, c.Curve = packet.PubKeyAlgoECDSA, packet.CurveSecP256k1 }))), keys.ErrWeak, "secp256k1"},
		"post-quantum only":     {public(t, quantumOnly(t)), keys.ErrUnsupported, "algorithm 35"},
		"private":               {private(t, false), keys.ErrSecret, "gpg --armor --export"},
		"private, binary":       {private(t, true), keys.ErrSecret, "public half"},
		"two blocks":            {append(bytes.Clone(good), good...), keys.ErrSeveral, "a file of its own"},
		"two in one block":      {append(dearmor(t, good), dearmor(t, good)...), keys.ErrSeveral, "a file of its own"},
		"too large":             {append(bytes.Clone(good), make([]byte, keys.MaxCertificate)...), keys.ErrTooLarge, "export-minimal"},
		"UTF-16":                {[]byte("\xFF\xFE-\x00-\x00-\x00"), keys.ErrNotCertificate, "--output"},
		"empty":                 {nil, keys.ErrNotCertificate, "gpg --armor --export"},
		"text":                  {[]byte("hello"), keys.ErrNotCertificate, "gpg --armor --export"},
		"message":               {inArmor(t, "PGP MESSAGE", func(w *bytes.Buffer) error { w.Write(dearmor(t, good)); return nil }), keys.ErrNotCertificate, "gpg"},
		"cut":                   {dearmor(t, good)[:100], keys.ErrNotCertificate, "gpg"},
		"more after it":         {append(dearmor(t, good), "hello"...), keys.ErrNotCertificate, "gpg"},
		"self-signature broken": {broken(t, dearmor(t, good)), keys.ErrNotCertificate, "no valid signature of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := keys.ParseCertificate(c.file, today)
			if got != nil || !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			var refusal *keys.Refusal
			if !errors.As(err, &refusal) || refusal.Mend == "" || refusal.Reason == nil {
				t.Fatalf("%#v is not a whole refusal", err)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q does not say %q", err, c.says)
			}
		})
	}
}

func TestRefusalIsASentence(t *testing.T) {
	e := entity(t, profile(func(c *packet.Config) { c.KeyLifetimeSecs = 3 * 86400 }))
	_, err := keys.ParseCertificate(public(t, e), today)
	want := `key "Dana <dana@x>" (fingerprint ` + string(keys.FingerprintOf(e.PrimaryKey.Fingerprint)) + `) expired on 2026-01-05. Ask its owner to extend it and export it again.`
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

// TestUsable walks a certificate through its life without parsing it again.
// covers CR02
func TestUsable(t *testing.T) {
	e := entity(t, profile(func(c *packet.Config) { c.KeyLifetimeSecs = 10 * 86400 }))
	c, err := keys.ParseCertificate(public(t, e), made.AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	end := made.AddDate(0, 0, 10)
	if !c.Expires().Equal(end) {
		t.Errorf("expires %s, want %s", c.Expires(), end)
	}
	for at, want := range map[time.Time]error{
		made.Add(-time.Second): keys.ErrNotYetValid,
		made:                   nil,
		end.Add(-time.Second):  nil,
		end:                    keys.ErrExpired,
		end.AddDate(5, 0, 0):   keys.ErrExpired,
	} {
		if err := c.Usable(at); !errors.Is(err, want) {
			t.Errorf("at %s: %v, want %v", at, err, want)
		}
	}
}

// TestNewestSubkey: the newest encryption subkey that is valid when the message is
// sealed receives; a newer one that cannot serve everybody does not.
func TestNewestSubkey(t *testing.T) {
	e := entity(t, profile(nil))
	old := e.Subkeys[0].PublicKey.KeyId
	month := profile(func(c *packet.Config) {
		c.Time = func() time.Time { return made.AddDate(0, 1, 0) }
		c.KeyLifetimeSecs = 30 * 86400
	})
	if err := e.AddEncryptionSubkey(month); err != nil {
		t.Fatal(err)
	}
	newer := e.Subkeys[1].PublicKey.KeyId
	quantum := profile(func(c *packet.Config) {
		c.Time = func() time.Time { return made.AddDate(0, 1, 1) }
		c.Algorithm = packet.PubKeyAlgoMlkem768X25519
	})
	if err := e.AddEncryptionSubkey(quantum); err != nil {
		t.Fatal(err)
	}
	c, err := keys.ParseCertificate(public(t, e), today)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Expires().IsZero() {
		t.Errorf("expires %s, but one subkey never does", c.Expires())
	}
	for at, want := range map[time.Time]uint64{
		made.AddDate(0, 0, 1):  old,
		made.AddDate(0, 1, 5):  newer,
		made.AddDate(0, 3, 0):  old,
		made.AddDate(10, 0, 0): old,
	} {
		to, err := keys.NewRecipients(c)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := to.Seal(keys.NewPlaintext([]byte("x")), signer(t), at)
		if err != nil {
			t.Fatal(err)
		}
		if got := receiver(t, sealed.SessionKeys()[0].Packet); got != want {
			t.Errorf("at %s sealed to %X, want %X", at, got, want)
		}
		if sealed.SessionKeys()[0].Reader != c.Fingerprint() {
			t.Error("the reader is not the primary key")
		}
	}
}

func receiver(t *testing.T, raw []byte) uint64 {
	t.Helper()
	p, err := packet.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return p.(*packet.EncryptedKey).KeyId
}

func signer(t testing.TB) *keys.Signer {
	t.Helper()
	s, _, err := keys.NewSigner("test service", made)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func withdrawn(t *testing.T) *openpgp.Entity {
	t.Helper()
	e := entity(t, profile(nil))
	if err := e.Revoke(packet.KeyCompromised, "lost", profile(nil)); err != nil {
		t.Fatal(err)
	}
	return e
}

// retired is revoked as superseded, and by a clock that runs ahead: still revoked.
func retired(t *testing.T) *openpgp.Entity {
	t.Helper()
	e := entity(t, profile(nil))
	ahead := profile(func(c *packet.Config) { c.Time = func() time.Time { return today.AddDate(1, 0, 0) } })
	if err := e.Revoke(packet.KeySuperseded, "new one", ahead); err != nil {
		t.Fatal(err)
	}
	return e
}

func subkeyWithdrawn(t *testing.T) *openpgp.Entity {
	t.Helper()
	e := entity(t, profile(nil))
	if err := e.Subkeys[0].Revoke(packet.KeyRetired, "", profile(nil)); err != nil {
		t.Fatal(err)
	}
	return e
}

func signOnly(t *testing.T) *openpgp.Entity {
	t.Helper()
	e := entity(t, profile(nil))
	e.Subkeys = nil
	return e
}

func quantumOnly(t *testing.T) *openpgp.Entity {
	t.Helper()
	e := signOnly(t)
	if err := e.AddEncryptionSubkey(profile(func(c *packet.Config) { c.Algorithm = packet.PubKeyAlgoMlkem768X25519 })); err != nil {
		t.Fatal(err)
	}
	return e
}

func private(t *testing.T, binary bool) []byte {
	t.Helper()
	e := entity(t, profile(nil))
	text := inArmor(t, openpgp.PrivateKeyType, func(w *bytes.Buffer) error { return e.SerializePrivateWithoutSigning(w, nil) })
	if binary {
		return dearmor(t, text)
	}
	return text
}

// broken changes the user id, so that its signature no longer fits.
func broken(t *testing.T, raw []byte) []byte {
	t.Helper()
	return bytes.Replace(raw, []byte("dana@x"), []byte("dana@y"), 1)
}

// TestStrippedRevocationShows: a certificate without its revocation has another hash,
// which the roster pins.
func TestStrippedRevocationShows(t *testing.T) {
	e := entity(t, profile(nil))
	c, err := keys.ParseCertificate(public(t, e), today)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.AddEncryptionSubkey(profile(nil)); err != nil {
		t.Fatal(err)
	}
	d, err := keys.ParseCertificate(public(t, e), today)
	if err != nil {
		t.Fatal(err)
	}
	if c.Fingerprint() != d.Fingerprint() || c.Hash() == d.Hash() {
		t.Error("two forms of one certificate do not differ by hash only")
	}
	if _, err := keys.NewRecipients(c, d); !errors.Is(err, keys.ErrTwice) {
		t.Errorf("both at once: %v", err)
	}
	r, err := keys.NewRecipients(c, c)
	if err != nil || len(r.Fingerprints()) != 1 {
		t.Errorf("the same one twice: %v", err)
	}
}
