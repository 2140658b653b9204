package private_test

import (
	"bytes"
	"testing"

	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/internal/cost"
	"sealform/keys/private/privatetest"
)

// FuzzOpen: whatever rows a hostile database gives, opening neither panics nor shows
// anything but what was sealed.
func FuzzOpen(f *testing.F) {
	c := newClinic(f)
	body := []byte("hello")
	good := c.seal(f, body)
	u := privatetest.Unlocked(f, c.dana, pw)
	f.Add(good.SessionKeys()[0].Packet, good.Data())
	f.Add(good.SessionKeys()[1].Packet, good.Data())
	f.Fuzz(func(t *testing.T, sk, data []byte) {
		sealed, err := keys.JoinSealed([]keys.SessionKey{{Packet: sk}}, data)
		if err != nil {
			return
		}
		got, signer, err := u.Open(sealed, c.believed)
		checked, second := u.Check(sealed.SessionKeys(), chunked(data, 64), c.believed)
		if (err == nil) != (second == nil) {
			t.Fatalf("opening: %v, checking: %v", err, second)
		}
		if err != nil {
			if got.Reveal() != nil || signer != "" || !oneOf(err, []error{private.ErrDamaged, private.ErrWrongKey, private.ErrUnsigned, private.ErrUnsupported}) {
				t.Fatalf("%q, %v", got.Reveal(), err)
			}
			return
		}
		var out bytes.Buffer
		if _, err := checked.WriteTo(&out); err != nil || !bytes.Equal(got.Reveal(), body) || !bytes.Equal(out.Bytes(), body) {
			t.Fatalf("opened to %q and %q, %v", got.Reveal(), out.Bytes(), err)
		}
	})
}

// FuzzParseLocked: what a hostile database gives as a key is refused or reads back.
func FuzzParseLocked(f *testing.F) {
	cost.Cheapen(true)
	f.Add(privatetest.Key(f, "Dana <dana@clinic.example>", pw).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := private.ParseLocked(b)
		if err != nil {
			if !oneOf(err, []error{private.ErrNotLocked, private.ErrWeakLock, private.ErrCostlyLock, private.ErrNotPrivate, private.ErrNoSecret}) {
				t.Fatal(err)
			}
			return
		}
		again, err := private.ParseLocked(l.Bytes())
		if err != nil || again.Fingerprint() != l.Fingerprint() || !bytes.Equal(again.Certificate(), l.Certificate()) {
			t.Fatalf("it does not read back: %v", err)
		}
	})
}
