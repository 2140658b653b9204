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
	if p.raw, err = readAll(m, int(size)); err != nil {
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

// readAll reads to the end, into memory that grows with what came and not with what was announced beyond 64 KiB.
func readAll(m *meter, announced int) ([]byte, error) {
	b := make([]byte, 0, min(announced, valueLimit)+1)
	for {
		n, err := m.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			clear(b)
			return nil, fmt.Errorf("reading a body: %w", err)
		}
		if len(b) == cap(b) {
			grown := make([]byte, len(b), 2*cap(b))
			copy(grown, b)
			clear(b)
			b = grown
		}
	}
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
