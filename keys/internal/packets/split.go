package packets

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Packet is one whole packet: Raw includes its header, Body does not.
type Packet struct {
	Tag  byte
	Raw  []byte
	Body []byte
}

// Split cuts b into its packets; both header formats, definite lengths only, as keys and
// certificates have them. Nothing may be left over. The slices share b's memory.
func Split(b []byte) ([]Packet, error) {
	var all []Packet
	for len(b) > 0 {
		tag, head, body, err := measure(b)
		if err != nil {
			return nil, fmt.Errorf("packet %d: %w", len(all)+1, err)
		}
		if uint64(len(b[head:])) < body {
			return nil, fmt.Errorf("packet %d: %w", len(all)+1, ErrTruncated)
		}
		end := head + int(body) //nolint:gosec // body <= len(b)
		all = append(all, Packet{Tag: tag, Raw: b[:end:end], Body: b[head:end:end]})
		b = b[end:]
	}
	return all, nil
}

// measure reads the header at the start of b: the tag, the header's length, the body's.
func measure(b []byte) (tag byte, head int, body uint64, err error) {
	switch {
	case b[0]&0x80 == 0:
		return 0, 0, 0, ErrHeader
	case b[0]&0x40 == 0:
		return measureOld(b)
	}
	l, err := ReadLength(bytes.NewReader(b[1:]))
	if err != nil {
		return 0, 0, 0, err
	}
	if l.Partial {
		return 0, 0, 0, ErrHeader
	}
	return b[0] & 0x3F, 1 + l.RawLen, uint64(l.N), nil //nolint:gosec // N is a 32-bit length
}

// measureOld reads an old-format header, which GnuPG still writes for keys.
func measureOld(b []byte) (tag byte, head int, body uint64, err error) {
	kind := b[0] & 3
	if kind == 3 {
		return 0, 0, 0, ErrHeader
	}
	n := 1 << kind
	if len(b) < 1+n {
		return 0, 0, 0, ErrTruncated
	}
	var wide [8]byte
	copy(wide[8-n:], b[1:1+n])
	return b[0] & 0x3C >> 2, 1 + n, binary.BigEndian.Uint64(wide[:]), nil
}
