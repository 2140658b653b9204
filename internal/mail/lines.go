package mail

import (
	"bytes"
	"io"
	"slices"
)

// lines gives every line the CRLF that mail wants; what it is given ends lines with LF.
type lines struct {
	to io.Writer
	b  []byte
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.b = slices.Grow(l.b[:0], len(p)+len(p)/32+8)
	for line := range bytes.Lines(p) {
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		l.b = append(l.b, bytes.TrimSuffix(text, []byte("\r"))...)
		if ended {
			l.b = append(l.b, '\r', '\n')
		}
	}
	if _, err := l.to.Write(l.b); err != nil {
		return 0, err
	}
	return len(p), nil
}

// counted counts what is written.
type counted struct {
	to io.Writer
	n  int64
}

// Write implements io.Writer.
func (c *counted) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

// column is the length of a line of base64 (RFC 2045 §6.8).
const column = 76

// folded breaks what it is given, one long line, into lines of column bytes.
type folded struct {
	to io.Writer
	at int // bytes on the present line
	b  []byte
}

// Write implements io.Writer.
func (f *folded) Write(p []byte) (int, error) {
	f.b = f.b[:0]
	for rest := p; len(rest) > 0; {
		n := min(column-f.at, len(rest))
		f.b = append(f.b, rest[:n]...)
		rest = rest[n:]
		if f.at += n; f.at == column {
			f.b = append(f.b, '\r', '\n')
			f.at = 0
		}
	}
	if _, err := f.to.Write(f.b); err != nil {
		return 0, err
	}
	return len(p), nil
}

// end ends the last line, if one is begun.
func (f *folded) end() error {
	if f.at == 0 {
		return nil
	}
	_, err := f.to.Write([]byte("\r\n"))
	return err
}
