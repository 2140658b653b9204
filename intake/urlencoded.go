package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"sealform/forms"
	"sealform/internal/body"
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
	for name, value := range body.Pairs(p.raw) {
		if len(name) > 3*nameLimit {
			return errTooLarge
		}
		name, _ = body.Unescape(name)
		value, _ = body.Unescape(value)
		if err := p.add(string(name), value); err != nil {
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
