package keys_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys"
)

func TestSigner(t *testing.T) {
	s, secret, err := keys.NewSigner("forms.clinic.example", made)
	if err != nil {
		t.Fatal(err)
	}
	again, err := keys.ParseSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	if s.Fingerprint() != again.Fingerprint() || !bytes.Equal(s.Certificate(), again.Certificate()) {
		t.Error("the signer reads back as another")
	}
	known, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(s.Certificate()))
	if err != nil {
		t.Fatal(err)
	}
	if len(known) != 1 || len(known[0].Subkeys) != 0 {
		t.Error("the signing key has subkeys: it must open nothing")
	}
	if _, ok := known[0].EncryptionKey(today, nil); ok {
		t.Error("somebody could encrypt to the signing key")
	}
	if _, err := keys.ParseCertificate(s.Certificate(), today); !errors.Is(err, keys.ErrNoEncryption) {
		t.Errorf("the signing key as a reader: %v", err)
	}
	if bytes.Contains(s.Certificate(), []byte("PRIVATE")) {
		t.Error("the certificate is private")
	}
}

func TestSignerNames(t *testing.T) {
	for _, bad := range []string{"", "a<b", "x\ny", "\xff", string(make([]byte, 300))} {
		if _, _, err := keys.NewSigner(bad, made); err == nil {
			t.Errorf("a signer is named %q", bad)
		}
	}
}

func TestParseSignerRefuses(t *testing.T) {
	_, secret, err := keys.NewSigner("forms.clinic.example", made)
	if err != nil {
		t.Fatal(err)
	}
	locked := entity(t, profile(nil))
	locked.Subkeys = nil
	if err := locked.EncryptPrivateKeys([]byte("pw"), nil); err != nil {
		t.Fatal(err)
	}
	var lockedRaw bytes.Buffer
	if err := locked.SerializePrivateWithoutSigning(&lockedRaw, nil); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(secret)
	flipped[len(flipped)-1] ^= 1
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "cut": secret[:len(secret)-1], "twice": append(bytes.Clone(secret), secret...),
		"with an encryption key": private(t, true), "armored": private(t, false), "public": dearmor(t, public(t, entity(t, profile(nil)))),
		"under a password": lockedRaw.Bytes(), "signature broken": flipped,
	} {
		if _, err := keys.ParseSigner(b); !errors.Is(err, keys.ErrSigner) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVerify: only a version 4 SHA-256 signature of a known key over these octets.
func TestVerify(t *testing.T) {
	by, other := signer(t), signer(t)
	believed, err := keys.ParseVerifiers(by.Certificate(), other.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	only, err := keys.ParseVerifiers(other.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(believed.Fingerprints()); n != 2 {
		t.Errorf("%d verifiers", n)
	}
	key, err := openpgp.NewEntity("x", "", "", profile(nil))
	if err != nil {
		t.Fatal(err)
	}
	mine, err := keys.ParseVerifiers(public(t, key))
	if err != nil {
		t.Fatal(err)
	}
	good := signature(t, key.PrivateKey, "hello", func(*packet.Signature) {})
	for name, c := range map[string]struct {
		v    *keys.Verifiers
		sig  []byte
		text string
		ok   bool
	}{
		"good":           {mine, good, "hello", true},
		"other text":     {mine, good, "hellp", false},
		"unknown key":    {believed, good, "hello", false},
		"one key only":   {only, good, "hello", false},
		"no verifiers":   {nil, good, "hello", false},
		"empty":          {mine, nil, "hello", false},
		"no signature":   {mine, []byte{0xCA, 3, 'P', 'G', 'P'}, "hello", false},
		"text signature": {mine, signature(t, key.PrivateKey, "hello", func(s *packet.Signature) { s.SigType = packet.SigTypeText }), "hello", false},
	} {
		h := sha256.New()
		h.Write([]byte(c.text))
		f, err := c.v.Verify(c.sig, h)
		if c.ok != (err == nil) || !c.ok && !errors.Is(err, keys.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
		if c.ok && f != keys.FingerprintOf(key.PrimaryKey.Fingerprint) {
			t.Errorf("%s: signed by %s", name, f)
		}
	}
}

func signature(t *testing.T, k *packet.PrivateKey, text string, change func(*packet.Signature)) []byte {
	t.Helper()
	s := &packet.Signature{Version: 4, SigType: packet.SigTypeBinary, PubKeyAlgo: k.PubKeyAlgo, Hash: crypto.SHA256, CreationTime: made, IssuerKeyId: &k.KeyId}
	change(s)
	h := sha256.New()
	h.Write([]byte(text))
	if err := s.Sign(h, k, nil); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParseVerifiersRefuses(t *testing.T) {
	for name, b := range map[string][]byte{"empty": nil, "text": []byte("x"), "private": private(t, false), "revoked": public(t, withdrawn(t)), "broken": broken(t, dearmor(t, public(t, entity(t, profile(nil)))))} {
		var refusal *keys.Refusal
		if _, err := keys.ParseVerifiers(b); !errors.As(err, &refusal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	v, err := keys.ParseVerifiers()
	if err != nil || len(v.Fingerprints()) != 0 {
		t.Errorf("none: %v", err)
	}
}
