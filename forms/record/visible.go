package record

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible writes bytes for a person to read: what cannot be seen, or turns the reading direction, stands as ‹U+202E›,
// and a byte that is no UTF-8 as ‹FF›. Line breaks become \n. raw says that there was such a byte. The record keeps
// the bytes themselves.
func visible(v []byte) (text string, raw bool) {
	if plain(v) {
		return string(v), false
	}
	var b strings.Builder
	for i := 0; i < len(v); {
		r, n := utf8.DecodeRune(v[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			raw = true
			fmt.Fprintf(&b, "‹%02X›", v[i])
		case r == '\r':
			if i+1 >= len(v) || v[i+1] != '\n' {
				b.WriteByte('\n')
			}
		case r == '\n' || r == '\t' || !hidden(r):
			b.Write(v[i : i+n])
		default:
			fmt.Fprintf(&b, "‹%U›", r)
		}
		i += n
	}
	return b.String(), raw
}

// plain is the common case, decided without decoding: printable ASCII, line feeds, and the letters up to U+02FF that most
// European names are written with.
func plain(v []byte) bool {
	for i := 0; i < len(v); i++ {
		c := v[i]
		if (c >= ' ' && c < 0x7f) || c == '\n' {
			continue
		}
		if i++; c < 0xc2 || c > 0xcb || i == len(v) || v[i]&0xc0 != 0x80 {
			return false
		}
		if c == 0xc2 && (v[i] < 0xa0 || v[i] == 0xad) { // controls, and the hyphen that hides
			return false
		}
	}
	return true
}

// hidden runes steer how text is shown, or show nothing. The joiners of emoji and of Persian stay.
func hidden(r rune) bool {
	switch r {
	case '\u200c', '\u200d':
		return false
	case '\u2028', '\u2029':
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
