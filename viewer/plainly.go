package viewer

import (
	"fmt"
	"strings"
	"unicode"

	"sealform/templates"
)

// plainly cuts what a visitor wrote into text and marks. A mark stands for a character that cannot be seen or that moves
// others about, so that nothing reads other than it is (Unicode TR 36 §2.5).
func plainly(s string) templates.StaffValue {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var v templates.StaffValue
	start := 0
	flush := func(end int) {
		if end > start {
			v.Pieces = append(v.Pieces, templates.StaffPiece{Text: s[start:end]})
		}
	}
	for i, r := range s {
		if !unseen(r) {
			continue
		}
		flush(i)
		v.Pieces = append(v.Pieces, templates.StaffPiece{Mark: fmt.Sprintf("U+%04X", r), Name: kindOf(r)})
		start = i + len(string(r))
	}
	flush(len(s))
	return v
}

// unseen: controls but line ends and tabs, format characters but the two joiners that emoji and Persian are written
// with, line and paragraph separators, private use.
func unseen(r rune) bool {
	switch r {
	case '\n', '\t', '\u200c', '\u200d':
		return false
	case '\u2028', '\u2029', '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800':
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co)
}

func kindOf(r rune) string {
	switch {
	case '\u202a' <= r && r <= '\u202e', '\u2066' <= r && r <= '\u2069', r == '\u200e', r == '\u200f', r == '\u061c':
		return "changes the direction of text"
	case unicode.Is(unicode.Cc, r):
		return "control character"
	}
	return "invisible character"
}
