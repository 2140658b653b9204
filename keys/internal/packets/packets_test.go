package packets

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"io"
	"testing"
)

func random(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCFB compares with the standard library's CFB, in pieces of every awkward size.
func TestCFB(t *testing.T) {
	key := random(t, 32)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	plain := random(t, 3*window+77)
	want := make([]byte, len(plain))
	cipher.NewCFBEncrypter(block, make([]byte, aes.BlockSize)).XORKeyStream(want, plain) //nolint:staticcheck // the mode that OpenPGP prescribes
	for _, step := range []int{1, 15, 16, 17, 31, 100, window - 1, window, window + 1, len(plain)} {
		e, err := NewEncrypter(key)
		if err != nil {
			t.Fatal(err)
		}
		d, err := NewDecrypter(key)
		if err != nil {
			t.Fatal(err)
		}
		got := bytes.Clone(plain)
		for p := got; len(p) > 0; p = p[min(step, len(p)):] {
			e.Encrypt(p[:min(step, len(p))])
		}
		if !bytes.Equal(got, want) {
			t.Errorf("encrypting by %d differs from the standard library", step)
		}
		for p := got; len(p) > 0; p = p[min(step, len(p)):] {
			d.Decrypt(p[:min(step, len(p))])
		}
		if !bytes.Equal(got, plain) {
			t.Errorf("decrypting by %d does not give the plaintext back", step)
		}
	}
	for _, bad := range []int{0, 31, 33} {
		if _, err := NewEncrypter(make([]byte, bad)); err == nil {
			t.Errorf("a key of %d octets encrypts", bad)
		}
		if _, err := NewDecrypter(make([]byte, bad)); err == nil {
			t.Errorf("a key of %d octets decrypts", bad)
		}
	}
}

func TestLength(t *testing.T) {
	for _, n := range []int{0, 1, 191, 192, 193, 8383, 8384, 65536, 1 << 30} {
		raw := AppendLength(nil, n)
		l, err := ReadLength(bytes.NewReader(raw))
		if err != nil || l.N != int64(n) || l.Partial || !bytes.Equal(l.Raw[:l.RawLen], raw) {
			t.Errorf("length %d reads back as %+v, %v", n, l, err)
		}
		for cut := range raw {
			if _, err := ReadLength(bytes.NewReader(raw[:cut])); !errors.Is(err, ErrTruncated) {
				t.Errorf("length %d cut to %d octets: %v", n, cut, err)
			}
		}
	}
	l, err := ReadLength(bytes.NewReader([]byte{PartialOctet(16)}))
	if err != nil || l.N != 1<<16 || !l.Partial {
		t.Errorf("partial length reads back as %+v, %v", l, err)
	}
}

func TestBody(t *testing.T) {
	body := random(t, 1300)
	partial := append([]byte{0xC0 | TagSealed, PartialOctet(9)}, body[:512]...)
	partial = append(append(partial, PartialOctet(8)), body[512:768]...)
	partial = append(AppendLength(partial, len(body)-768), body[768:]...)
	definite := append(AppendHeader(nil, TagSealed, len(body)), body...)
	for name, raw := range map[string][]byte{"partial": partial, "definite": definite} {
		tag, r, err := ReadHeader(bytes.NewReader(raw))
		if err != nil || tag != TagSealed {
			t.Fatalf("%s: %d, %v", name, tag, err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s: body differs, %v", name, err)
		}
		for _, cut := range []int{1, len(raw) / 2, len(raw) - 1} {
			_, r, err := ReadHeader(bytes.NewReader(raw[:cut]))
			if err == nil {
				_, err = io.ReadAll(r)
			}
			if !errors.Is(err, ErrTruncated) {
				t.Errorf("%s cut to %d: %v", name, cut, err)
			}
		}
	}
	for name, raw := range map[string][]byte{
		"old format":                   {0x80 | TagLiteral<<2, 1, 'x'},
		"no packet":                    {'h', 'i'},
		"first partial body too short": {0xC0 | TagSealed, PartialOctet(8)},
	} {
		if _, _, err := ReadHeader(bytes.NewReader(raw)); !errors.Is(err, ErrHeader) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSplit(t *testing.T) {
	old := []byte{0x80 | TagUserID<<2, 2, 'h', 'i'}                         // one-octet length
	older := []byte{0x80 | TagSignature<<2 | 1, 0, 1, 's'}                  // two octets
	oldest := []byte{0x80 | TagPublicKey<<2 | 2, 0, 0, 0, 3, 'k', 'e', 'y'} // four
	fresh := append(AppendHeader(nil, TagPublicSubkey, 200), make([]byte, 200)...)
	all, err := Split(bytes.Join([][]byte{oldest, old, older, fresh}, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := []Packet{
		{TagPublicKey, oldest, []byte("key")},
		{TagUserID, old, []byte("hi")},
		{TagSignature, older, []byte("s")},
		{TagPublicSubkey, fresh, make([]byte, 200)},
	}
	if len(all) != len(want) {
		t.Fatalf("%d packets", len(all))
	}
	for i, p := range all {
		if p.Tag != want[i].Tag || !bytes.Equal(p.Raw, want[i].Raw) || !bytes.Equal(p.Body, want[i].Body) {
			t.Errorf("packet %d is %+v", i, p)
		}
	}
	for name, b := range map[string][]byte{
		"text":              []byte("hello"),
		"indeterminate":     {0x80 | TagLiteral<<2 | 3, 'x'},
		"partial":           append([]byte{0xC0 | TagLiteral, PartialOctet(9)}, make([]byte, 600)...),
		"cut header":        {0x80 | TagPublicKey<<2 | 2, 0, 0},
		"cut body":          oldest[:6],
		"larger than there": {0xC0 | TagUserID, 255, 255, 255, 255, 255, 'x'},
		"garbage after":     append(bytes.Clone(old), 7),
	} {
		if _, err := Split(b); err == nil {
			t.Errorf("%s splits", name)
		}
	}
}
