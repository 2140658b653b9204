// Package privatetest gives tests real keys that cost a millisecond to unlock instead of
// a sixth of a second. It can be used only with a test at hand, and lowers the cost for
// the whole test process.
package privatetest

import (
	"sync"
	"testing"
	"time"

	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/internal/cost"
)

// Born is when keys of this package are made: long enough ago for any test's clock.
var Born = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var (
	mu   sync.Mutex
	made = map[[2]string]*private.Locked{}
)

// Key makes a private key, or gives the one made before for the same user id and
// password. A Locked is never changed by its use.
func Key(t testing.TB, userID, password string) *private.Locked {
	t.Helper()
	cost.Cheapen(true)
	mu.Lock()
	defer mu.Unlock()
	name := [2]string{userID, password}
	if l := made[name]; l != nil {
		return l
	}
	l, err := private.Generate(userID, keys.NewPassword([]byte(password)), Born)
	if err != nil {
		t.Fatalf("making a test key: %v", err)
	}
	made[name] = l
	return l
}

// Unlocked unlocks a key that Key made. It is wiped when the test ends.
func Unlocked(t testing.TB, l *private.Locked, password string) *private.Unlocked {
	t.Helper()
	cost.Cheapen(true)
	u, err := l.Unlock(keys.NewPassword([]byte(password)))
	if err != nil {
		t.Fatalf("unlocking a test key: %v", err)
	}
	t.Cleanup(u.Wipe)
	return u
}

// Certificate is the public half of a key that Key made.
func Certificate(t testing.TB, l *private.Locked) *keys.Certificate {
	t.Helper()
	c, err := keys.ParseCertificate(l.Certificate(), time.Now())
	if err != nil {
		t.Fatalf("reading a test certificate: %v", err)
	}
	return c
}

// Recipients are the public halves of several keys.
func Recipients(t testing.TB, locked ...*private.Locked) *keys.Recipients {
	t.Helper()
	certs := make([]*keys.Certificate, len(locked))
	for i, l := range locked {
		certs[i] = Certificate(t, l)
	}
	r, err := keys.NewRecipients(certs...)
	if err != nil {
		t.Fatalf("making recipients: %v", err)
	}
	return r
}

// Signer makes a signing key and the verifiers that believe it.
func Signer(t testing.TB) (*keys.Signer, *keys.Verifiers) {
	t.Helper()
	s, _, err := keys.NewSigner("test service", Born)
	if err != nil {
		t.Fatalf("making a signing key: %v", err)
	}
	v, err := keys.ParseVerifiers(s.Certificate())
	if err != nil {
		t.Fatalf("reading a signing key: %v", err)
	}
	return s, v
}
