package viewer

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	pages "sealform/templates/staff"
)

// hidden is how package forms writes a character that cannot be seen, and a byte that is no text.
var hidden = regexp.MustCompile(`‹(U\+[0-9A-F]{4,6}|[0-9A-F]{2})›`)

// plainly cuts what a visitor wrote into text and marks, so that nothing reads other than it is (Unicode TR 36 §2.5). What
// forms has made visible becomes a mark; should it have left a hidden character in, that becomes one here.
func plainly(s string) pages.Value {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var v pages.Value
	start := 0
	for _, at := range hidden.FindAllStringSubmatchIndex(s, -1) {
		v.Pieces = append(v.Pieces, pieces(s[start:at[0]])...)
		v.Pieces = append(v.Pieces, mark(s[at[2]:at[3]]))
		start = at[1]
	}
	v.Pieces = append(v.Pieces, pieces(s[start:])...)
	return v
}

// pieces marks what cannot be seen in s.
func pieces(s string) []pages.Piece {
	var out []pages.Piece
	start := 0
	for i, r := range s {
		if !unseen(r) {
			continue
		}
		if i > start {
			out = append(out, pages.Piece{Text: s[start:i]})
		}
		out = append(out, mark(fmt.Sprintf("U+%04X", r)))
		start = i + len(string(r))
	}
	if start < len(s) {
		out = append(out, pages.Piece{Text: s[start:]})
	}
	return out
}

// unseen tells which characters are marked: controls but line ends and tabs, format characters but the two joiners that
// emoji and Persian are written with, line and paragraph separators, private use.
func unseen(r rune) bool {
	switch r {
	case '\n', '\t', '\u200c', '\u200d':
		return false
	case '\u2028', '\u2029':
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co)
}

var directions = map[string]bool{
	"U+202A": true, "U+202B": true, "U+202C": true, "U+202D": true, "U+202E": true, "U+2066": true, "U+2067": true,
	"U+2068": true, "U+2069": true, "U+200E": true, "U+200F": true, "U+061C": true,
}

func mark(name string) pages.Piece {
	switch {
	case len(name) == 2:
		return pages.Piece{Mark: name, Name: "a byte that is not text"}
	case directions[name]:
		return pages.Piece{Mark: name, Name: "changes the direction of text"}
	}
	return pages.Piece{Mark: name, Name: "a character that cannot be seen"}
}
