package sealedaddress

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func newBox(t *testing.T, now *time.Time) *Box {
	t.Helper()
	key := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	box, err := New(key(1), key(2), func() time.Time { return *now })
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// covers B8: what the database holds of a visitor's address can't be read, and belongs to one submission.
func TestSealedAddress(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	box := newBox(t, &now)
	to := box.Seal(7, []byte("Maria@patient.example"))
	sealed, marks := to.Sealed, to.Marks
	other := box.Seal(7, []byte(strings.Repeat("m", 60)+"@patient.example"))
	if bytes.Contains(sealed, []byte("patient")) || len(sealed) != len(other.Sealed) || marks[0] == other.Marks[0] {
		t.Errorf("sealed %d and %d bytes, %x", len(sealed), len(other.Sealed), sealed)
	}
	if got, err := box.Open(sealed, 7); err != nil || got != "Maria@patient.example" {
		t.Errorf("opened %q, %v", got, err)
	}
	if got, err := box.Open(sealed, 8); !errors.Is(err, ErrSealed) {
		t.Errorf("for another submission: %q, %v", got, err)
	}
	sealed[20] ^= 1
	if _, err := box.Open(sealed, 7); !errors.Is(err, ErrSealed) {
		t.Errorf("a changed one: %v", err)
	}
	if box.Seal(7, make([]byte, 255)) != nil {
		t.Error("an address too long was sealed")
	}
}

// covers B8: other ways to write an address have its mark, others have another, and two weeks tell nothing of who came back.
func TestMarks(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) // Saturday
	box := newBox(t, &now)
	marks := box.Seal(1, []byte("maria.lopez@patient.example")).Marks
	for address, same := range map[string][3]bool{
		"Maria.Lopez@PATIENT.example":      {true, true, true},
		"m.arialopez+a@patient.example":    {true, true, true},
		"maria.lopez++x+y@patient.example": {true, true, true},
		"maria.lopes@patient.example":      {false, true, true},
		"maria.lopez@other.example":        {false, false, true},
		"maria.lopez@pati.ent.example":     {false, false, true},
	} {
		given := []byte(address)
		got := box.Seal(2, given).Marks
		for i := range same {
			if (got[i] == marks[i]) != same[i] {
				t.Errorf("%s: mark %d the same: %v", address, i, !same[i])
			}
		}
		if string(given) != address {
			t.Errorf("%s became %s", address, given)
		}
	}
	if marks[0].Most != 3 || marks[1].Most != 30 || marks[2].Most != 300 {
		t.Errorf("%d, %d, %d a day", marks[0].Most, marks[1].Most, marks[2].Most)
	}
	now = now.Add(24 * time.Hour)
	if next := box.Seal(1, []byte("maria.lopez@patient.example")).Marks; next[0] != marks[0] {
		t.Error("another mark on Sunday: the 24 hours do not end with the day")
	}
	now = now.Add(24 * time.Hour)
	next := box.Seal(1, []byte("maria.lopez@patient.example")).Marks
	for i := range next {
		if next[i].MAC == marks[i].MAC {
			t.Error("the mark is the same in the next week")
		}
	}
}
