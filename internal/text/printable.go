package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable makes a name or a line that a stranger wrote fit to be shown anywhere: printable characters, at most 255
// bytes; what is none stands as U+FFFD. Cursor movements, marks of reading direction and line breaks do not get through:
// it is for terminals as well as for pages.
func Printable(s string) string {
	if len(s) > 255 {
		s = s[:255]
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
