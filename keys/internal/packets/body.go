package packets

import (
	"errors"
	"io"
)

// minFirstPartial is the least size of a first partial body (RFC 9580 §4.2.1.4).
const minFirstPartial = 512

// Body reads the body of one new-format packet, following partial lengths. io.EOF comes
// only at the packet's proper end; an early end of the source is ErrTruncated.
type Body struct {
	src  Source
	left int64
	more bool // a further length follows
}

// ReadHeader reads a new-format header and returns the packet's tag and its body.
// io.EOF before the first octet comes back as io.EOF.
func ReadHeader(src Source) (tag byte, body *Body, err error) {
	first, err := src.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	if first&0xC0 != 0xC0 {
		return 0, nil, ErrHeader
	}
	l, err := ReadLength(src)
	if err != nil {
		return 0, nil, err
	}
	if l.Partial && l.N < minFirstPartial {
		return 0, nil, ErrHeader
	}
	return first & 0x3F, &Body{src: src, left: l.N, more: l.Partial}, nil
}

// Definite gives the body's length, when it was known from the start.
func (b *Body) Definite() (int64, bool) { return b.left, !b.more }

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	for b.left == 0 {
		if !b.more {
			return 0, io.EOF
		}
		l, err := ReadLength(b.src)
		if err != nil {
			return 0, err
		}
		b.left, b.more = l.N, l.Partial
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.src.Read(p)
	b.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = nil
		if n == 0 {
			err = ErrTruncated
		}
	}
	return n, err
}

// ReadByte implements io.ByteReader.
func (b *Body) ReadByte() (byte, error) {
	var one [1]byte
	_, err := io.ReadFull(b, one[:])
	return one[0], err
}
