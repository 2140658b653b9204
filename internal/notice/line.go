package notice

import (
	"mime"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	subjectMost = 150 // characters of a subject
	width       = 76  // where text is broken, between words
	lineMost    = 200 // where a word is broken too
)

// letter is the only maker of a Letter.
func letter(subject, text string) Letter { return Letter{header(subject), body(text)} }

// header makes a subject: one line, and in encoded words (RFC 2047) where it is not ASCII.
func header(s string) string {
	s = strings.ReplaceAll(oneLine(s), "=?", "= ?") // what looks like an encoded word would be decoded
	if r := []rune(s); len(r) > subjectMost {
		s = string(r[:subjectMost-1]) + "…"
	}
	return mime.BEncoding.Encode("utf-8", s)
}

// oneLine is s without what could end a line, or turn the direction of what follows.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(harmless, strings.ToValidUTF8(s, ""))), " ")
}

// harmless keeps a character, or makes it a space (whatever ends a line), or drops it.
func harmless(r rune) rune {
	switch {
	case r == '\u2028' || r == '\u2029' || unicode.IsControl(r):
		return ' '
	case unicode.Is(unicode.Bidi_Control, r) || r == '\ufeff':
		return -1
	}
	return r
}

// body makes a text: paragraphs as they are given, lines broken between words, none over lineMost, LF at each end.
func body(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		wrap(&b, strings.TrimRightFunc(strings.Map(harmless, strings.ToValidUTF8(line, "")), unicode.IsSpace))
	}
	return b.String()
}

// wrap writes one line as one or several; those that follow are indented like the first.
func wrap(b *strings.Builder, line string) {
	words := strings.Fields(line)
	indent := min(len(line)-len(strings.TrimLeft(line, " ")), 8)
	used := 0
	for _, word := range words {
		for _, piece := range pieces(word) {
			n := utf8.RuneCountInString(piece)
			if used > 0 && used+1+n > width {
				b.WriteByte('\n')
				used = 0
			}
			if used == 0 {
				b.WriteString(strings.Repeat(" ", indent))
				used = indent
			} else {
				b.WriteByte(' ')
				used++
			}
			b.WriteString(piece)
			used += n
		}
	}
	b.WriteByte('\n')
}

// pieces cuts a word that no line holds.
func pieces(word string) []string {
	var all []string
	r := []rune(word)
	for ; len(r) > lineMost-8; r = r[lineMost-8:] {
		all = append(all, string(r[:lineMost-8]))
	}
	return append(all, string(r))
}

var reference = regexp.MustCompile(`\A[0-9A-Z][0-9A-Z-]{0,31}\z`)

// plainReference is a reference, and nothing else that a caller may take for one.
func plainReference(s string) string {
	if !reference.MatchString(s) {
		return "(not known)"
	}
	return s
}
