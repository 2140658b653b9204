// Package mimetext has the writers that MIME entities and mails are written through: base64 in lines, and a count of the
// bytes that went by.
//
//	out := &mimetext.Counter{W: w}
//	lines := &mimetext.Base64Lines{W: out}
//	e := base64.NewEncoder(base64.StdEncoding, lines)
//
// What they hold is on its way: a sealed body of a mail, or the parts of an entity before they are sealed. They gather
// lines, so that their target gets large pieces, and keep nothing. They break lines and look at nothing in them: whoever
// writes through them says what is written.
package mimetext

import "io"

// LineLength is the most digits of a line of base64 (RFC 2045 §6.8).
const LineLength = 76

// Counter counts what is written.
type Counter struct {
	W io.Writer
	N int64 // bytes
}

// Write implements io.Writer.
func (c *Counter) Write(p []byte) (int, error) {
	n, err := c.W.Write(p)
	c.N += int64(n)
	return n, err
}

// Base64Lines breaks base64 text into lines, each ended by CR LF but the last.
type Base64Lines struct {
	W   io.Writer
	buf []byte
	col int // digits on the present line
}

// Write implements io.Writer.
func (l *Base64Lines) Write(p []byte) (int, error) {
	l.buf = l.buf[:0]
	for rest := p; len(rest) > 0; {
		if l.col == LineLength {
			l.buf = append(l.buf, '\r', '\n')
			l.col = 0
		}
		n := min(len(rest), LineLength-l.col)
		l.buf = append(l.buf, rest[:n]...)
		l.col += n
		rest = rest[n:]
	}
	if _, err := l.W.Write(l.buf); err != nil {
		return 0, err
	}
	return len(p), nil
}

// End ends the last line, if there is one.
func (l *Base64Lines) End() error {
	if l.col == 0 {
		return nil
	}
	_, err := io.WriteString(l.W, "\r\n")
	return err
}
