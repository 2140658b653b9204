package private_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"sealform/keys"
	"sealform/keys/private/privatetest"
)

func TestSmoke(t *testing.T) {
	l := privatetest.Key(t, "Dana <dana@x>", "pw")
	l2 := privatetest.Key(t, "Eve <e@x>", "pw")
	r := privatetest.Recipients(t, l, l2)
	s, v := privatetest.Signer(t)
	for _, n := range []int{0, 1, 10, 100, 1000, 8000, 100000} {
		msg := bytes.Repeat([]byte("a"), n)
		sealed, err := r.Seal(keys.NewPlaintext(bytes.Clone(msg)), s, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		u := privatetest.Unlocked(t, l2, "pw")
		p, f, err := u.Open(sealed, v)
		if err != nil || f != s.Fingerprint() || !bytes.Equal(p.Reveal(), msg) {
			t.Fatal(n, err)
		}
		ss, err := r.SealStream(s, time.Now(), func(w io.Writer) error { _, err := w.Write(msg); return err })
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := ss.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		sealed, err = keys.ParseSealed(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		p, f, err = u.Open(sealed, v)
		if err != nil || f != s.Fingerprint() || !bytes.Equal(p.Reveal(), msg) {
			t.Fatal(n, err)
		}
	}
}
