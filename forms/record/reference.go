package record

import (
	"fmt"
	"io"
	"strings"
)

// crockford is Crockford's base32: no I, L, O or U, which people misread.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewReference draws "R7K-4Q2": six of Crockford's base32 digits, 30 bits. It names a submission to people and
// opens nothing.
func NewReference(random io.Reader) (string, error) {
	var b [6]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("drawing a reference: %w", err)
	}
	for i := range b {
		b[i] = crockford[b[i]&31]
	}
	return string(b[:3]) + "-" + string(b[3:]), nil
}

// ParseReference turns what a person typed ("r7k4q2", "R7K 4Q2", O for 0, I or L for 1) into the canonical form.
func ParseReference(s string) (string, bool) {
	if len(s) > 64 {
		return "", false
	}
	var b []byte
	for _, r := range s {
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		switch r {
		case ' ', '-', '\t', '\u00a0', '‐', '‑', '–', '—':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if r > 'Z' || strings.IndexByte(crockford, byte(r)) < 0 {
			return "", false
		}
		b = append(b, byte(r))
	}
	if len(b) != 6 {
		return "", false
	}
	return string(b[:3]) + "-" + string(b[3:]), true
}
