package viewer

import (
	"fmt"
	"regexp"
	"strings"

	pages "sealform/templates/staff"
)

// hidden finds what is shown as a mark: a character that cannot be seen, or a byte that is no text, as forms/record writes
// it; and, should forms have left one in, a control but line ends and tabs, a format character but the two joiners that
// emoji and Persian are written with, a line or paragraph separator, or a character of private use.
var hidden = regexp.MustCompile(`‹(U\+[0-9A-F]{4,6}|[0-9A-F]{2})›|[^\P{Cc}\n\t]|[^\P{Cf}\x{200C}\x{200D}]|[\p{Co}\x{2028}\x{2029}]`)

// plainly cuts what a visitor wrote into text and marks, so that nothing reads other than it is (Unicode TR 36 §2.5).
func plainly(s string) pages.Value {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var v pages.Value
	start := 0
	for _, at := range hidden.FindAllStringSubmatchIndex(s, -1) {
		if at[0] > start {
			v.Pieces = append(v.Pieces, pages.Piece{Text: s[start:at[0]]})
		}
		name := fmt.Sprintf("U+%04X", []rune(s[at[0]:at[1]])[0])
		if at[2] >= 0 {
			name = s[at[2]:at[3]]
		}
		v.Pieces = append(v.Pieces, mark(name))
		start = at[1]
	}
	if start < len(s) {
		v.Pieces = append(v.Pieces, pages.Piece{Text: s[start:]})
	}
	return v
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
