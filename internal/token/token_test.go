package token

import (
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func maker(t *testing.T, service string, now *time.Time) *Maker {
	t.Helper()
	m, err := New([]byte("0123456789abcdef0123456789abcdef"), service, func() time.Time { return *now })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPageComesBack(t *testing.T) {
	now := time.Date(2026, 1, 5, 10, 12, 0, 0, time.UTC)
	m := maker(t, "clinic", &now)
	s := m.NewPage("new-patient", [32]byte{1, 2, 3})
	p, err := m.OpenPage(s)
	if err != nil {
		t.Fatal(err)
	}
	if p.Form != "new-patient" || p.Revision != [32]byte{1, 2, 3} || !p.Issued.Equal(now) {
		t.Errorf("got %+v", p)
	}
	if p.ID <= 0 || p.ID&Corrections != 0 {
		t.Errorf("id %d: want positive, lowest two bits clear", p.ID)
	}
	if ms := p.ID >> 22; ms != now.UnixMilli()-epoch {
		t.Errorf("id carries %d ms", ms)
	}
	if s2 := p.SecondID(); s2 == p.ID || s2>>22 != p.ID>>22 || s2&Corrections != 0 || s2 != p.SecondID() {
		t.Errorf("second id %d of %d", s2, p.ID)
	}
	other, err := m.OpenPage(m.NewPage("new-patient", [32]byte{1, 2, 3}))
	if err != nil {
		t.Fatal(err)
	}
	if other.Nonce == p.Nonce || other.ID == p.ID || m.Mark(other) == m.Mark(p) {
		t.Error("two pages share nonce, id or mark")
	}
}

func TestPageExpires(t *testing.T) {
	now := time.Date(2026, 1, 5, 10, 12, 0, 0, time.UTC)
	m := maker(t, "clinic", &now)
	s := m.NewPage("contact", [32]byte{})
	for _, c := range []struct {
		after time.Duration
		want  error
	}{
		{0, nil},
		{Life, nil},
		{Life + time.Second, ErrExpired},
		{-30 * time.Second, nil},
		{-time.Hour, ErrExpired},
	} {
		now = time.Date(2026, 1, 5, 10, 12, 0, 0, time.UTC).Add(c.after)
		if _, err := m.OpenPage(s); !errors.Is(err, c.want) {
			t.Errorf("after %v: got %v, want %v", c.after, err, c.want)
		}
	}
}

// covers IN14
func TestForgeriesAreRefused(t *testing.T) {
	now := time.Date(2026, 1, 5, 10, 12, 0, 0, time.UTC)
	m, other := maker(t, "clinic", &now), maker(t, "clinic2", &now)
	page := m.NewPage("contact", [32]byte{7})
	receipt := m.NewReceipt(Receipt{Form: "contact", Reference: "R7K-4Q2", Received: now})
	raw, err := base64.RawURLEncoding.DecodeString(page)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		bent := append([]byte(nil), raw...)
		bent[i] ^= 1
		if _, err := m.OpenPage(base64.RawURLEncoding.EncodeToString(bent)); !errors.Is(err, ErrForged) {
			t.Fatalf("byte %d turned: %v", i, err)
		}
	}
	for i := range len(page) {
		if _, err := m.OpenPage(page[:i]); !errors.Is(err, ErrForged) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	for name, s := range map[string]string{"nothing": "", "a receipt": receipt, "of another service": other.NewPage("contact", [32]byte{7}), "padding": page + "=", "newline": page + "\n"} {
		if _, err := m.OpenPage(s); !errors.Is(err, ErrForged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := m.OpenReceipt(page); !errors.Is(err, ErrForged) {
		t.Errorf("a page as a receipt: %v", err)
	}
}

// covers IN14
func TestFieldsCannotBeSpliced(t *testing.T) {
	now := time.Date(2026, 1, 5, 10, 12, 0, 0, time.UTC)
	ab, a := maker(t, "ab", &now), maker(t, "a", &now)
	if string(ab.mac(ab.page, "page", []byte("c"))) == string(a.mac(a.page, "page", []byte("bc"))) {
		t.Error("service and payload run into each other")
	}
}

func TestReceiptComesBack(t *testing.T) {
	now := time.Date(2026, 1, 5, 10, 12, 0, 0, time.UTC)
	m := maker(t, "clinic", &now)
	want := Receipt{Form: "contact", Reference: "R7K-4Q2", Received: now}
	got, err := m.OpenReceipt(m.NewReceipt(want))
	if err != nil {
		t.Fatal(err)
	}
	if !got.Received.Equal(want.Received) {
		t.Errorf("received %v", got.Received)
	}
	got.Received = want.Received
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// covers AU02
func TestSealedIDs(t *testing.T) {
	now := time.Now()
	m := maker(t, "clinic", &now)
	seen := map[string]bool{}
	for _, id := range []int64{0, 1, 2, 1 << 40, 1<<63 - 1} {
		s := m.SealID(id)
		if len(s) != 22 || seen[s] {
			t.Errorf("%d: %q", id, s)
		}
		seen[s] = true
		if got, ok := m.OpenID(s); !ok || got != id {
			t.Errorf("%d came back as %d, %v", id, got, ok)
		}
		bent := []byte(s)
		bent[3] ^= 2
		if _, ok := m.OpenID(string(bent)); ok {
			t.Errorf("%q accepted", bent)
		}
	}
	for _, s := range []string{"", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA", "1", "!!!!!!!!!!!!!!!!!!!!!!"} {
		if _, ok := m.OpenID(s); ok {
			t.Errorf("%q accepted", s)
		}
	}
}

func TestKeyOfTheWrongLength(t *testing.T) {
	if _, err := New(make([]byte, 16), "clinic", time.Now); err == nil {
		t.Error("16 bytes accepted")
	}
}

func FuzzOpen(f *testing.F) {
	now := time.Date(2026, 1, 5, 10, 12, 0, 0, time.UTC)
	m, err := New(make([]byte, 32), "clinic", func() time.Time { return now })
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m.NewPage("contact", [32]byte{}))
	f.Add(m.SealID(5))
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := m.OpenPage(s); err == nil && p.Form != "contact" {
			t.Errorf("made-up page accepted: %+v", p)
		}
		if r, err := m.OpenReceipt(s); err == nil {
			t.Errorf("made-up receipt accepted: %+v", r)
		}
	})
}
