package record

import (
	"testing"
	"unicode/utf8"
)

// What plain lets through unread must be what reading it rune by rune would show unchanged, and text that is no UTF-8
// must never pass.
// covers IN09
func TestPlainHidesNothing(t *testing.T) {
	for r := rune(0); r < 0x500; r++ {
		v := append([]byte("a"), utf8.AppendRune(nil, r)...)
		if plain(v) && r != '\n' && hidden(r) {
			t.Errorf("%U passes unseen", r)
		}
		if text, raw := visible(append(v, 'b')); plain(v) && (text != string(v)+"b" || raw) {
			t.Errorf("%U is shown as %q", r, text)
		}
	}
	for _, v := range []string{"\xc3", "a\xc3", "\xc3a", "\xc0\xaf", "\xff", "ü\xbc", "\xed\xa0\x80", "\u202e", "\u00ad", "\u0085"} {
		if plain([]byte(v)) {
			t.Errorf("%q passes unseen", v)
		}
	}
	if !plain([]byte("Zoë Müller, Łódź\nsecond line")) {
		t.Error("a common name is read rune by rune")
	}
}
