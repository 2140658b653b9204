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
