package packets

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// TestArmorEqualsLibrary: defect h is the library's slow checksum, defect c its missing
// one. Ours must be the same octets as its writer with the checksum, at every length.
func TestArmorEqualsLibrary(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 46, 47, 48, 49, 50, 51, 95, 96, 97, 1000, lineOctets * armorLines, lineOctets*armorLines + 1, 3*lineOctets*armorLines + 5} {
		body := random(t, n)
		var want bytes.Buffer
		w, err := armor.Encode(&want, ArmorMessage, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, step := range []int{1, 7, 48, 5000, n + 1} {
			if n > 5000 && step < 48 {
				continue
			}
			got := armorInSteps(t, body, step)
			if n > 0 && !bytes.Equal(got, append(want.Bytes(), '\n')) {
				t.Fatalf("armor of %d octets by %d differs:\n%s\n%s", n, step, got, want.Bytes())
			}
			kind, back, err := Dearmor(got)
			if err != nil || kind != ArmorMessage || !bytes.Equal(back, body) {
				t.Fatalf("armor of %d octets does not read back: %v", n, err)
			}
		}
	}
}

func armorInSteps(t *testing.T, body []byte, step int) []byte {
	t.Helper()
	var got bytes.Buffer
	w, err := NewArmorWriter(&got, ArmorMessage)
	if err != nil {
		t.Fatal(err)
	}
	for p := body; len(p) > 0; p = p[min(step, len(p)):] {
		if _, err := w.Write(p[:min(step, len(p))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil {
		t.Error("armor closes twice")
	}
	return got.Bytes()
}

var errFull = errors.New("no space left")

type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestArmorPassesErrorsOn(t *testing.T) {
	for _, room := range []int{0, 40, 20000} {
		w, err := NewArmorWriter(&full{room}, ArmorMessage)
		if err == nil {
			_, err = w.Write(make([]byte, 100000))
		}
		if !errors.Is(err, errFull) {
			t.Errorf("room for %d: %v", room, err)
		}
	}
	w, err := NewArmorWriter(&full{60}, ArmorMessage)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("close: %v", err)
	}
}

func TestDearmorRefuses(t *testing.T) {
	one := string(Armor(ArmorPublicKey, []byte("hello")))
	for name, text := range map[string]string{
		"nothing":     "",
		"no armor":    "hello",
		"two":         one + one,
		"cut heading": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
		"not base64":  "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n§§§§\n-----END PGP PUBLIC KEY BLOCK-----\n",
	} {
		if _, _, err := Dearmor([]byte(text)); !errors.Is(err, ErrArmor) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, body, err := Dearmor([]byte("\xEF\xBB\xBF" + one))
	if err != nil || string(body) != "hello" {
		t.Errorf("after a byte order mark: %q, %v", body, err)
	}
}
