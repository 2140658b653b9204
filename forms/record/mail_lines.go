package record

import (
	"io"
	"strings"
)

// counted counts what is written, for the padding behind it.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err //nolint:wrapcheck // a writer passes on what its target says
}

const base64Line = 76 // RFC 2045 §6.8

// base64Lines breaks base64 text into lines. It gathers them, so that its target gets large pieces.
type base64Lines struct {
	w   io.Writer
	buf []byte
	col int
}

func (l *base64Lines) Write(b []byte) (int, error) {
	written := len(b)
	l.buf = l.buf[:0]
	for len(b) > 0 {
		if l.col == base64Line {
			l.buf = append(l.buf, '\r', '\n')
			l.col = 0
		}
		n := min(len(b), base64Line-l.col)
		l.buf = append(l.buf, b[:n]...)
		l.col += n
		b = b[n:]
	}
	if _, err := l.w.Write(l.buf); err != nil {
		return 0, err //nolint:wrapcheck // a writer passes on what its target says
	}
	return written, nil
}

// writeSpaces pads behind the last part, where readers of a multipart look at nothing.
func writeSpaces(w io.Writer, n int64) error {
	line := strings.Repeat(" ", 70) + "\r\n"
	for n > 0 {
		k := min(n, int64(len(line)))
		if _, err := io.WriteString(w, line[int64(len(line))-k:]); err != nil {
			return err //nolint:wrapcheck // a writer passes on what its target says
		}
		n -= k
	}
	return nil
}
