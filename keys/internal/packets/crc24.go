package packets

import "encoding/binary"

const (
	crcStart = 0xB704CE
	crcPoly  = 0x864CFB
)

// crcTables[k][b] is the checksum of octet b followed by k zero octets. The sum is kept
// in the upper 24 bits of a word, so that eight octets are taken at a time.
var crcTables = makeCRCTables()

func makeCRCTables() *[8][256]uint32 {
	var t [8][256]uint32
	for b := range uint32(256) {
		c := b << 24
		for range 8 {
			top := c >> 31
			c = c<<1 ^ top*(crcPoly<<8)
		}
		t[0][b] = c
	}
	for k := 1; k < len(t); k++ {
		for b := range t[k] {
			c := t[k-1][b]
			t[k][b] = c<<8 ^ t[0][c>>24]
		}
	}
	return &t
}

// crc24 carries the checksum of RFC 9580 §6.1.1 on over p.
func crc24(crc uint32, p []byte) uint32 {
	t := crcTables
	c := crc << 8
	for ; len(p) >= 8; p = p[8:] {
		w := uint64(c)<<32 ^ binary.BigEndian.Uint64(p)
		c = t[7][w>>56] ^ t[6][w>>48&0xFF] ^ t[5][w>>40&0xFF] ^ t[4][w>>32&0xFF] ^
			t[3][w>>24&0xFF] ^ t[2][w>>16&0xFF] ^ t[1][w>>8&0xFF] ^ t[0][w&0xFF]
	}
	for _, b := range p {
		c = c<<8 ^ t[0][c>>24^uint32(b)]
	}
	return c >> 8
}
