// Package body takes apart what a browser posted as application/x-www-form-urlencoded (WHATWG URL standard §5.1), in the
// memory that it was read into.
//
// net/http's own parser makes strings, which cannot be wiped, and answers and passwords pass here. So Pairs cuts a body into
// slices of it, and Unescape decodes each in place: whoever read the body clears it, and nothing is left of it. Limits are
// the caller's: how long a body, a name or a value may be, and how many there may be.
package body

import (
	"bytes"
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
