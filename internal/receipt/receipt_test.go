package receipt

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// covers B8: what the database holds of a visitor's address can't be read, and tells two days apart.
func TestSealedAddress(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	key := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	box, err := New(key(1), key(2), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	sealed, mark := box.Seal([]byte("Maria@patient.example"))
	longer, other := box.Seal([]byte(strings.Repeat("m", 60) + "@patient.example"))
	if bytes.Contains(sealed, []byte("patient")) || len(sealed) != len(longer) || mark == other {
		t.Errorf("sealed %d and %d bytes, %x", len(sealed), len(longer), sealed)
	}
	if got, err := box.Open(sealed); err != nil || got != "Maria@patient.example" {
		t.Errorf("opened %q, %v", got, err)
	}
	if _, same := box.Seal([]byte("maria@PATIENT.example")); same != mark {
		t.Error("the same address in other letters has another mark")
	}
	now = now.Add(24 * time.Hour)
	if _, next := box.Seal([]byte("maria@patient.example")); next == mark {
		t.Error("the mark is the same on the next day")
	}
	sealed[20] ^= 1
	if _, err := box.Open(sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("a changed one: %v", err)
	}
	if s, _ := box.Seal(make([]byte, 255)); s != nil {
		t.Error("an address too long was sealed")
	}
}
