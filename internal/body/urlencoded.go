package body

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Pairs gives the names and values of a body in their order, as they came; empty pairs are left out.
func Pairs(b []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for pair := range bytes.SplitSeq(b, []byte{'&'}) {
			name, value, _ := bytes.Cut(pair, []byte{'='})
			if len(pair) > 0 && !yield(name, value) {
				return
			}
		}
	}
}

// Unescape decodes + and %41 in place. Malformed escapes stay as they are, as the standard says; whole is false then.
func Unescape(b []byte) (decoded []byte, whole bool) {
	out, whole := b[:0], true
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '+':
			out = append(out, ' ')
		case b[i] == '%' && i+2 < len(b) && digit(b[i+1]) >= 0 && digit(b[i+2]) >= 0:
			out = append(out, byte(digit(b[i+1])<<4|digit(b[i+2]))) //nolint:gosec // two digits make a byte
			i += 2
		default:
			whole = whole && b[i] != '%'
			out = append(out, b[i])
		}
	}
	return out[:len(out):len(out)], whole
}

func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// readPairs reads application/x-www-form-urlencoded (WHATWG URL standard §5.1): the body is decoded in place, once,
// and answers are slices of it. Malformed escapes stay as they are, as the standard says.
func (rd *Reader) readPairs(m *meter, announced int64) (err error) {
	size := announced
	if size < 0 {
		size = 4 << 10
	}
	if rd.raw, err = rd.readAll(m, min(size, rd.Text), rd.Text+1); err != nil {
		return err
	}
	for name, value := range Pairs(rd.raw) {
		if len(name) > 3*rd.Name {
			return ErrTooLarge
		}
		name, _ = Unescape(name)
		value, _ = Unescape(value)
		if err := rd.Sink.Pair(string(name), value); err != nil {
			return err
		}
	}
	return nil
}

// readAll reads to the end, or most bytes, into memory that grows with what came and not with what was announced beyond
// 64 KiB. All of it is reserved before it is allocated, and stays so until the spool's request is closed.
func (rd *Reader) readAll(src io.Reader, announced, most int64) ([]byte, error) {
	b, err := rd.grow(nil, min(announced, rd.Value)+1)
	for err == nil && int64(len(b)) < most {
		if len(b) == cap(b) {
			if b, err = rd.grow(b, min(2*int64(cap(b)), most)); err != nil {
				break
			}
		}
		var n int
		n, err = src.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
	}
	if err == nil || errors.Is(err, io.EOF) {
		return b, nil
	}
	clear(b)
	return nil, fmt.Errorf("reading a body: %w", err)
}

// grow moves b to a larger piece of memory, and wipes the one it was in.
func (rd *Reader) grow(b []byte, size int64) ([]byte, error) {
	if err := rd.Spool.Hold(size); err != nil {
		return b, fmt.Errorf("making room: %w", err)
	}
	grown := make([]byte, len(b), size)
	copy(grown, b)
	clear(b)
	return grown, rd.Spool.Hold(-int64(cap(b)))
}
