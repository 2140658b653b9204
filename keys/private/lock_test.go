package private_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/internal/cost"
	"sealform/keys/private/privatetest"
)

func password(s string) keys.Password { return keys.NewPassword([]byte(s)) }

// atFullCost gives a key as a program makes it.
func atFullCost(t *testing.T) *private.Locked {
	t.Helper()
	cost.Cheapen(false)
	l, err := private.Generate("Grace <grace@clinic.example>", password(pw), privatetest.Born)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestGenerate: the profile that every program reads, under the lock we promise.
func TestGenerate(t *testing.T) {
	l := atFullCost(t)
	ring, err := openpgp.ReadKeyRing(bytes.NewReader(l.Bytes()))
	if err != nil || len(ring) != 1 {
		t.Fatal(err)
	}
	e := ring[0]
	if e.PrimaryKey.Version != 4 || e.PrimaryKey.PubKeyAlgo != packet.PubKeyAlgoEdDSA || len(e.Subkeys) != 1 || e.Subkeys[0].PublicKey.PubKeyAlgo != packet.PubKeyAlgoECDH {
		t.Error("the key is of another kind")
	}
	if !e.PrivateKey.Encrypted || !e.Subkeys[0].PrivateKey.Encrypted {
		t.Error("a secret lies open")
	}
	self, _ := e.PrimaryIdentity(time.Time{}, nil)
	if !self.SEIPDv1 || self.SEIPDv2 {
		t.Error("the key announces another profile")
	}
	for _, setting := range locks(t, l.Bytes()) {
		if !bytes.Equal(setting, []byte{3, 1, 16}) {
			t.Errorf("Argon2id setting %v, want 3 passes, 1 lane, 64 MiB", setting)
		}
	}
	again, err := private.ParseLocked(l.Bytes())
	if err != nil || again.Fingerprint() != l.Fingerprint() || !bytes.Equal(again.Bytes(), l.Bytes()) {
		t.Errorf("it does not read back: %v", err)
	}
	cert, err := keys.ParseCertificate(l.Certificate(), time.Now())
	if err != nil || cert.Fingerprint() != l.Fingerprint() || cert.UserID() != "Grace <grace@clinic.example>" {
		t.Errorf("its certificate: %v", err)
	}
}

// locks finds the Argon2 settings (passes, lanes, memory) in a key, by the octets before
// them: usage 253, AES-256, OCB, Argon2.
func locks(t *testing.T, raw []byte) [][]byte {
	t.Helper()
	var found [][]byte
	mark := []byte{253, 9, 2, 4}
	for at := bytes.Index(raw, mark); at >= 0; {
		found = append(found, raw[at+20:at+23])
		next := bytes.Index(raw[at+1:], mark)
		if next < 0 {
			break
		}
		at += 1 + next
	}
	if len(found) != 2 {
		t.Fatalf("%d locks found, want 2", len(found))
	}
	return found
}

// TestOneDerivation: defect b, the library derives the key anew for every subkey and
// opens the primary key too. Argon2id takes 64 MiB, so memory tells how often it ran.
func TestOneDerivation(t *testing.T) {
	l := atFullCost(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	u, err := l.Unlock(password(pw))
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	u.Wipe()
	if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used < 60 || used > 80 {
		t.Errorf("unlocking took %d MiB, one derivation takes 64", used)
	}
}

func TestWrongPassword(t *testing.T) {
	l := privatetest.Key(t, "Dana <dana@clinic.example>", pw)
	for _, wrong := range []string{"", "x", pw + " ", pw[:len(pw)-1]} {
		if u, err := l.Unlock(password(wrong)); u != nil || !errors.Is(err, private.ErrWrongPassword) {
			t.Errorf("password %q: %v", wrong, err)
		}
		if _, err := l.Export(password(wrong), password("export")); !errors.Is(err, private.ErrWrongPassword) {
			t.Errorf("export with %q: %v", wrong, err)
		}
	}
	if _, err := l.Unlock(keys.Password{}); !errors.Is(err, private.ErrWrongPassword) {
		t.Errorf("no password: %v", err)
	}
	if u, err := l.Unlock(password(pw)); err != nil || u.Fingerprint() != l.Fingerprint() {
		t.Errorf("after wrong ones the right one: %v", err)
	}
}

// TestLockFloor: a stored key whose setting was changed is refused before anything is derived.
// covers CR08
func TestLockFloor(t *testing.T) {
	l := atFullCost(t)
	for name, x := range map[string]struct {
		setting []byte
		want    error
	}{
		"as it was":  {[]byte{3, 1, 16}, nil},
		"one pass":   {[]byte{1, 1, 16}, private.ErrWeakLock},
		"32 MiB":     {[]byte{3, 1, 15}, private.ErrWeakLock},
		"8 KiB":      {[]byte{3, 1, 3}, private.ErrWeakLock},
		"1 GiB":      {[]byte{3, 4, 20}, nil},
		"2 GiB":      {[]byte{3, 1, 21}, private.ErrCostlyLock},
		"2 TiB":      {[]byte{3, 1, 31}, private.ErrCostlyLock},
		"255 passes": {[]byte{255, 1, 16}, private.ErrCostlyLock},
		"255 lanes":  {[]byte{3, 255, 16}, private.ErrCostlyLock},
		"no pass":    {[]byte{0, 1, 16}, private.ErrNotLocked},
		"no lane":    {[]byte{3, 0, 16}, private.ErrNotLocked},
	} {
		for i := range 2 { // primary key and subkey
			raw := l.Bytes()
			copy(locks(t, raw)[i], x.setting)
			if _, err := private.ParseLocked(raw); !errors.Is(err, x.want) {
				t.Errorf("%s in secret %d: %v, want %v", name, i+1, err, x.want)
			}
		}
	}
}

func TestParseLockedRefuses(t *testing.T) {
	l := atFullCost(t)
	ring, err := openpgp.ReadKeyRing(bytes.NewReader(l.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := ring[0].DecryptPrivateKeys([]byte(pw)); err != nil {
		t.Fatal(err)
	}
	var open bytes.Buffer
	if err := ring[0].SerializePrivateWithoutSigning(&open, nil); err != nil {
		t.Fatal(err)
	}
	exported, err := l.Export(password(pw), password("x"))
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		b    []byte
		want error
	}{
		"empty":         {nil, private.ErrNotLocked},
		"text":          {[]byte("hello"), private.ErrNotLocked},
		"armored":       {exported, private.ErrNotLocked},
		"cut":           {l.Bytes()[:200], private.ErrNotLocked},
		"more after it": {append(l.Bytes(), 1, 2, 3), private.ErrNotLocked},
		"too large":     {make([]byte, 1<<20), private.ErrNotLocked},
		"not locked":    {open.Bytes(), private.ErrWeakLock},
		"public only":   {public(t, ring[0]), private.ErrNotLocked},
	} {
		if _, err := private.ParseLocked(x.b); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
}

func public(t *testing.T, e *openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGenerateRefuses(t *testing.T) {
	cost.Cheapen(true)
	for _, userID := range []string{"", "a\nb", "Dana <dana@x", "Dana <>", "Dana (x) <d@x>", "a>b", string(make([]byte, 300)), "\xff"} {
		if _, err := private.Generate(userID, password(pw), privatetest.Born); err == nil {
			t.Errorf("user id %q is taken", userID)
		}
	}
	if _, err := private.Generate("Dana", password(""), privatetest.Born); err == nil {
		t.Error("a key without a password is made")
	}
	for _, userID := range []string{"Dana", "<dana@clinic.example>", "Dana Déjà <dana@clinic.example>"} {
		l, err := private.Generate(userID, password(pw), privatetest.Born)
		if err != nil {
			t.Errorf("user id %q: %v", userID, err)
			continue
		}
		if cert, err := keys.ParseCertificate(l.Certificate(), time.Now()); err != nil || cert.UserID() != userID {
			t.Errorf("user id %q: %v", userID, err)
		}
	}
}
