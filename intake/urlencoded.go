package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"sealform/forms"
)

// readPairs reads application/x-www-form-urlencoded (WHATWG URL standard §5.1): the body is decoded in place, once,
// and answers are slices of it. Malformed escapes stay as they are, as the standard says.
func (p *post) readPairs(m *meter, announced int64) error {
	size := announced
	if size < 0 {
		size = 4 << 10
	}
	var err error
	if p.raw, err = p.readAll(m, min(size, textLimit), textLimit+1); err != nil {
		return err
	}
	p.entry.Pairs = make([]forms.Pair, 0, min(fieldLimit, 1+bytes.Count(p.raw[:min(len(p.raw), valueLimit)], []byte{'&'})))
	for rest := p.raw; len(rest) > 0; {
		var pair []byte
		if i := bytes.IndexByte(rest, '&'); i >= 0 {
			pair, rest = rest[:i], rest[i+1:]
		} else {
			pair, rest = rest, nil
		}
		if len(pair) == 0 {
			continue
		}
		name, value, _ := bytes.Cut(pair, []byte{'='})
		if len(name) > 3*nameLimit {
			return errTooLarge
		}
		if err := p.add(string(unescape(name)), unescape(value)); err != nil {
			return err
		}
	}
	return nil
}

// readAll reads to the end, or most bytes, into memory that grows with what came and not with what was announced beyond
// 64 KiB. All of it is reserved before it is allocated, and stays so until the post is closed.
func (p *post) readAll(src io.Reader, announced, most int64) ([]byte, error) {
	b, err := p.grow(nil, min(announced, valueLimit)+1)
	for err == nil && int64(len(b)) < most {
		if len(b) == cap(b) {
			if b, err = p.grow(b, min(2*int64(cap(b)), most)); err != nil {
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
func (p *post) grow(b []byte, size int64) ([]byte, error) {
	if err := p.spool.Hold(size); err != nil {
		return b, fmt.Errorf("making room: %w", err)
	}
	grown := make([]byte, len(b), size)
	copy(grown, b)
	clear(b)
	return grown, p.spool.Hold(-int64(cap(b)))
}

// unescape decodes + and %41 in place.
func unescape(b []byte) []byte {
	if bytes.IndexByte(b, '%') < 0 && bytes.IndexByte(b, '+') < 0 {
		return b[:len(b):len(b)]
	}
	out := b[:0]
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '+':
			out = append(out, ' ')
		case b[i] == '%' && i+2 < len(b) && digit(b[i+1]) >= 0 && digit(b[i+2]) >= 0:
			out = append(out, byte(digit(b[i+1])<<4|digit(b[i+2]))) //nolint:gosec // two digits make a byte
			i += 2
		default:
			out = append(out, b[i])
		}
	}
	return out[:len(out):len(out)]
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
