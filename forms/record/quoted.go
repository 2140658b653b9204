package record

import "strings"

// quoted writes quoted-printable text (RFC 2045 §6.7) behind what is in b already.
type quoted struct {
	b   []byte
	col int
}

// lineEnd is where a soft line break comes: room is left for one escaped byte and the closing "=", 76 in all.
const lineEnd = 73

// write escapes everything but printable ASCII, spaces and tabs; line feeds too: line breaks of the text itself are
// newline's.
func (q *quoted) write(s string) {
	for len(s) > 0 {
		n := literal(s)
		s = q.run(s, n)
		if len(s) == 0 || n > 0 {
			continue
		}
		q.room(3)
		c := s[0]
		q.b = append(q.b, '=', upperHex[c>>4], upperHex[c&15])
		q.col += 3
		s = s[1:]
	}
}

const upperHex = "0123456789ABCDEF"

// literal counts the bytes at the front that stand for themselves.
func literal(s string) int {
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\t') || c > '~' || c == '=' {
			return i
		}
	}
	return len(s)
}

// run copies n bytes, in lines, and gives the rest.
func (q *quoted) run(s string, n int) string {
	for n > 0 {
		q.room(1)
		k := min(n, lineEnd-q.col)
		q.b = append(q.b, s[:k]...)
		q.col += k
		s, n = s[k:], n-k
	}
	return s
}

func (q *quoted) room(n int) {
	if q.col+n > lineEnd {
		q.b = append(q.b, "=\r\n"...)
		q.col = 0
	}
}

// newline ends a line of the text. A space before it would get lost in transport, so it is escaped (RFC 2045 §6.7, 3).
func (q *quoted) newline() {
	if n := len(q.b); q.col > 0 && (q.b[n-1] == ' ' || q.b[n-1] == '\t') {
		c := q.b[n-1]
		q.b = append(q.b[:n-1], '=', upperHex[c>>4], upperHex[c&15])
	}
	q.b = append(q.b, '\r', '\n')
	q.col = 0
}

// lines writes text whose line feeds become line breaks, each line behind indent.
func (q *quoted) lines(indent, s string) {
	for {
		line, rest, more := strings.Cut(s, "\n")
		q.write(indent)
		q.write(line)
		q.newline()
		if !more {
			return
		}
		s = rest
	}
}

// quotedCost is how many bytes n more literal ones take when written from column col on.
func quotedCost(col, n int64) int64 {
	if n == 0 {
		return 0
	}
	return n + 3*((col+n-1)/lineEnd)
}
