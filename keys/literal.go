package keys

import (
	"crypto/sha256"
	"hash"

	"sealform/keys/internal/packets"
)

// literalFields open a literal packet's body: binary, no file name, no date (RFC 9580
// §5.9). Names and times belong into the content, where the signature covers them.
var literalFields = []byte{'b', 0, 0, 0, 0, 0}

// literalHeader is everything of a literal packet before n octets of content.
func literalHeader(n int) []byte {
	return append(packets.AppendHeader(make([]byte, 0, packets.MaxHeader+len(literalFields)), packets.TagLiteral, len(literalFields)+n), literalFields...)
}

const piecePower = 15 // partial bodies of the literal packet: 32 KiB

// literalWriter writes a literal packet of unknown length into d, and hashes its content
// for the signature.
type literalWriter struct {
	d      sink
	signed hash.Hash
	buf    []byte // one partial body
	fresh  int    // what in buf is not content: the fields in the first body
}

func newLiteralWriter(d sink) *literalWriter {
	d.add([]byte{0xC0 | packets.TagLiteral})
	l := &literalWriter{d: d, signed: sha256.New(), buf: make([]byte, 0, 1<<piecePower)}
	l.buf = append(l.buf, literalFields...)
	l.fresh = len(l.buf)
	return l
}

// Write takes pieces of any size and keeps none of them whole.
func (l *literalWriter) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		if len(l.buf) == cap(l.buf) {
			l.d.add([]byte{packets.PartialOctet(piecePower)})
			l.send()
		}
		n := min(len(p), cap(l.buf)-len(l.buf))
		l.buf = append(l.buf, p[:n]...)
		p = p[n:]
		if err := l.d.failed(); err != nil {
			return total - len(p), err
		}
	}
	return total, nil
}

func (l *literalWriter) send() {
	_, _ = l.signed.Write(l.buf[l.fresh:])
	l.d.add(l.buf)
	l.buf, l.fresh = l.buf[:0], 0
}

// end writes the last body, whose length is definite.
func (l *literalWriter) end() {
	l.d.add(packets.AppendLength(nil, len(l.buf)))
	l.send()
}

func (l *literalWriter) wipe() { clear(l.buf[:cap(l.buf)]) }
