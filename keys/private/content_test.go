package private_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys"
	"sealform/keys/internal/packets"
	"sealform/keys/private"
	"sealform/keys/private/privatetest"
)

// inside takes a message of ours apart with the library: the announcement, the literal
// packet and the signature.
func inside(t *testing.T, l *private.Locked, s keys.Sealed) (onePass, literal, signature []byte) {
	t.Helper()
	exported, err := l.Export(password(pw), password("x"))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(exported))
	if err != nil {
		t.Fatal(err)
	}
	k := ring[0].Subkeys[0].PrivateKey
	if err := k.Decrypt([]byte("x")); err != nil {
		t.Fatal(err)
	}
	p, err := packet.Read(bytes.NewReader(s.SessionKeys()[0].Packet))
	if err != nil {
		t.Fatal(err)
	}
	wrapped := p.(*packet.EncryptedKey)
	if err := wrapped.Decrypt(k, nil); err != nil {
		t.Fatal(err)
	}
	p, err = packet.Read(bytes.NewReader(s.Data()))
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.(*packet.SymmetricallyEncrypted).Decrypt(wrapped.CipherFunc, wrapped.Key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	all, err := packets.Split(b)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d packets inside, %v", len(all), err)
	}
	return all[0].Raw, all[1].Raw, all[2].Raw
}

// TestOnlyOurShape: a reader can decrypt a message, put its signed pieces together anew
// and seal them again. Only the very shape that was signed opens.
// covers CR05
func TestOnlyOurShape(t *testing.T) {
	c := newClinic(t)
	first, second := c.seal(t, []byte("hello")), c.seal(t, []byte("other"))
	ops, lit, sig := inside(t, c.dana, first)
	_, lit2, sig2 := inside(t, c.dana, second)
	named := bytes.Clone(lit)
	named[2] = 't'
	dated := bytes.Clone(lit)
	dated[7] = 1
	withName := append([]byte{0xCB, 6 + 3 + 5, 'b', 3, 'a', 'b', 'c', 0, 0, 0, 0}, "hello"...)
	inPieces := append([]byte{0xCB, 0xE0, 'b', lit[1] - 1}, lit[3:]...) // a first piece of one octet
	u := privatetest.Unlocked(t, c.dana, pw)
	for name, x := range map[string]struct {
		inside [][]byte
		want   error
	}{
		"as it was":                    {[][]byte{ops, lit, sig}, nil},
		"other content":                {[][]byte{ops, lit2, sig}, private.ErrUnsigned},
		"other signature":              {[][]byte{ops, lit, sig2}, private.ErrUnsigned},
		"no announcement":              {[][]byte{lit, sig}, private.ErrUnsigned},
		"no signature":                 {[][]byte{ops, lit}, private.ErrUnsigned},
		"literal only":                 {[][]byte{lit}, private.ErrUnsigned},
		"nothing":                      {nil, private.ErrUnsigned},
		"text before":                  {[][]byte{lit2, ops, lit, sig}, private.ErrUnsigned},
		"text after":                   {[][]byte{ops, lit, sig, lit2}, private.ErrUnsigned},
		"two texts":                    {[][]byte{ops, lit2, lit, sig}, private.ErrUnsigned},
		"two signatures":               {[][]byte{ops, lit, sig, sig}, private.ErrUnsigned},
		"twice":                        {[][]byte{ops, lit, sig, ops, lit, sig}, private.ErrUnsigned},
		"signature first":              {[][]byte{sig, lit}, private.ErrUnsigned},
		"marked as text":               {[][]byte{ops, named, sig}, private.ErrUnsigned},
		"with a date":                  {[][]byte{ops, dated, sig}, private.ErrUnsigned},
		"with a file name":             {[][]byte{ops, withName, sig}, private.ErrUnsigned},
		"first piece too short":        {[][]byte{ops, inPieces, sig}, private.ErrUnsigned},
		"literal longer than all":      {[][]byte{ops, append([]byte{0xCB, 255, 255, 255, 255, 255}, lit[2:]...), sig}, private.ErrUnsigned},
		"signature longer than all":    {[][]byte{ops, lit, append([]byte{0xC2, 255, 255, 255, 255, 255}, sig[2:]...)}, private.ErrUnsigned},
		"announcement longer":          {[][]byte{append([]byte{0xC4, 200}, ops[2:]...), lit, sig}, private.ErrUnsigned},
		"old format":                   {[][]byte{append([]byte{0x90, 13}, ops[2:]...), lit, sig}, private.ErrUnsigned},
		"octets that are no packet":    {[][]byte{[]byte("hello")}, private.ErrUnsigned},
		"a second check inside":        {[][]byte{ops, lit, sig, append([]byte{0xD3, 20}, make([]byte, 20)...)}, private.ErrUnsigned},
		"signature with a changed bit": {[][]byte{ops, lit, changed(sig, 12)}, private.ErrUnsigned},
	} {
		sealed := around(t, c.dana, bytes.Join(x.inside, nil))
		got, _, err := u.Open(sealed, c.believed)
		if !errors.Is(err, x.want) || err != nil && got.Reveal() != nil || err == nil && string(got.Reveal()) != "hello" {
			t.Errorf("%s: %q, %v, want %v", name, got.Reveal(), err, x.want)
		}
		if _, err := u.Check(sealed.SessionKeys(), chunked(sealed.Data(), 16), c.believed); !errors.Is(err, x.want) {
			t.Errorf("%s, checking: %v, want %v", name, err, x.want)
		}
	}
}

func changed(b []byte, at int) []byte {
	c := bytes.Clone(b)
	c[at] ^= 1
	return c
}
