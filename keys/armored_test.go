package keys_test

import (
	"bytes"
	"errors"
	"testing"

	"sealform/keys"
)

// TestParseArmored: an armored message out of a file or a whole mail, with the checks of
// ParseSealed.
func TestParseArmored(t *testing.T) {
	p := goodParts(t)
	armored := func(b []byte) []byte {
		return inArmor(t, "PGP MESSAGE", func(w *bytes.Buffer) error { w.Write(b); return nil })
	}
	good := armored(join(p.key, p.data))
	mail := join([]byte("Subject: [...]\r\n\r\n--x\r\n\r\n"), bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), []byte("\r\n--x--\r\n"))
	for name, b := range map[string][]byte{"file": good, "mail": mail} {
		s, err := keys.ParseArmored(b)
		if err != nil || !bytes.Equal(s.Data(), p.data) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "cut": good[:100],
		"a key": public(t, entity(t, profile(nil))),
	} {
		if _, err := keys.ParseArmored(b); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := keys.ParseArmored(armored(p.data)); !errors.Is(err, keys.ErrNotSealed) {
		t.Errorf("armor around something else: %v", err)
	}
}
