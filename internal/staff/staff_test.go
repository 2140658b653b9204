package staff

import (
	"testing"
	"time"

	"sealform/internal/store"
	"sealform/keys"
)

// covers AU06
func TestSignInGrowth(t *testing.T) {
	if signInGrowth.After(99) != 15*time.Minute || signInGrowth.After(100) != 24*time.Hour || signInGrowth.After(1e6) != 24*time.Hour {
		t.Error("the hundredth failure does not slow guessing to one a day")
	}
}

// covers AU08
func TestLongPasswordIsNotHashed(t *testing.T) {
	if _, err := HashPassword(keys.NewPassword(make([]byte, LongestPassword+1))); err == nil {
		t.Error("HashPassword takes a password of any length")
	}
}

// covers AU09
func TestTOTPSecretIsBoundToItsAccount(t *testing.T) {
	key := make([]byte, 32)
	sams, err := NewTOTP(key, "clinic-1", "Riverside Family Clinic", "sam@riverside.example")
	if err != nil {
		t.Fatal(err)
	}
	if secret, err := openTOTP(key, "clinic-1", "Sam@riverside.example", sams.Sealed); err != nil || secret != sams.Secret {
		t.Error("an account's own secret does not open:", err)
	}
	if _, err := openTOTP(key, "clinic-1", "dana@riverside.example", sams.Sealed); err == nil {
		t.Error("another account's secret was opened")
	}
}

// covers AU01
func TestMayOpen(t *testing.T) {
	who := Staff{Keys: []store.LockedKey{{Fingerprint: "A"}, {Fingerprint: "B"}}}
	for _, x := range []struct {
		readers []keys.Fingerprint
		want    bool
	}{{nil, false}, {[]keys.Fingerprint{"C"}, false}, {[]keys.Fingerprint{"C", "B"}, true}} {
		if got := who.MayOpen(x.readers); got != x.want {
			t.Errorf("MayOpen(%v) = %v", x.readers, got)
		}
	}
	if (Staff{}).MayOpen([]keys.Fingerprint{""}) {
		t.Error("somebody without a key may open")
	}
}
