package smime

import (
	"encoding/binary"
	"math/bits"
)

// ghash is GCM's authenticator (NIST SP 800-38D §6.4) as a stream, which the standard library has only inside a cipher
// that wants the whole message in memory. It takes the same time for every key and message: no tables, no branches on
// what is secret, multiplication of integers only.
//
// An element of the field is a polynomial over one bit; here bit i of a pair of words is the coefficient of x^i, so
// that a block's words come in with their bits reversed.
type ghash struct {
	h0, h1, h2 factor // the key's lower half, upper half, and their sum
	y0, y1     uint64
	part       [16]byte // a block that did not come in one piece
	used       int
	length     uint64 // octets so far
}

func newGHASH(key [16]byte) *ghash {
	h0, h1 := words(key[:])
	return &ghash{h0: factorOf(h0), h1: factorOf(h1), h2: factorOf(h0 ^ h1)}
}

func words(block []byte) (w0, w1 uint64) {
	return bits.Reverse64(binary.BigEndian.Uint64(block)), bits.Reverse64(binary.BigEndian.Uint64(block[8:]))
}

// Write takes ciphertext in pieces of any length; it does not fail.
func (g *ghash) Write(p []byte) (int, error) {
	n := len(p)
	g.length += uint64(n)
	if g.used > 0 {
		taken := copy(g.part[g.used:], p)
		if g.used, p = g.used+taken, p[taken:]; g.used < len(g.part) {
			return n, nil
		}
		g.block(g.part[:])
		g.used = 0
	}
	for ; len(p) >= len(g.part); p = p[len(g.part):] {
		g.block(p)
	}
	g.used = copy(g.part[:], p)
	return n, nil
}

// sum pads the last block with zeros and adds the lengths; there is no additional data.
func (g *ghash) sum() [16]byte {
	if g.used > 0 {
		clear(g.part[g.used:])
		g.block(g.part[:])
	}
	var end [16]byte
	binary.BigEndian.PutUint64(end[8:], g.length*8)
	g.block(end[:])
	binary.BigEndian.PutUint64(end[:], bits.Reverse64(g.y0))
	binary.BigEndian.PutUint64(end[8:], bits.Reverse64(g.y1))
	return end
}

// block adds 16 octets and multiplies by the key, by Karatsuba's three products.
func (g *ghash) block(b []byte) {
	w0, w1 := words(b)
	y0, y1 := g.y0^w0, g.y1^w1
	low0, low1 := g.h0.times(y0)
	high0, high1 := g.h1.times(y1)
	mid0, mid1 := g.h2.times(y0 ^ y1)
	mid0 ^= low0 ^ high0
	mid1 ^= low1 ^ high1
	g.y0, g.y1 = reduce(low0, low1^mid0, high0^mid1, high1)
}

// reduce takes a product of 256 bits modulo x^128 + x^7 + x^2 + x + 1: what stands at x^128 and above comes back at
// the places 0, 1, 2 and 7.
func reduce(z0, z1, z2, z3 uint64) (y0, y1 uint64) {
	z2 ^= z3>>63 ^ z3>>62 ^ z3>>57
	z1 ^= z3 ^ z3<<1 ^ z3<<2 ^ z3<<7
	z1 ^= z2>>63 ^ z2>>62 ^ z2>>57
	z0 ^= z2 ^ z2<<1 ^ z2<<2 ^ z2<<7
	return z0, z1
}

// factor is a word made ready for products: split, as it is and reversed.
type factor struct{ straight, reversed [4]uint64 }

func factorOf(x uint64) factor { return factor{split(x), split(bits.Reverse64(x))} }

// times is the product without carries, 128 bits. Its upper half is the lower half of the reversed words' product.
func (f *factor) times(x uint64) (low, high uint64) {
	straight, reversed := split(x), split(bits.Reverse64(x))
	return lower(&f.straight, &straight), bits.Reverse64(lower(&f.reversed, &reversed)) >> 1
}

// every4 has each fourth bit set.
const every4 = 0x1111111111111111

// split spreads a word's bits over four words with three empty places after each bit. A product of two such words adds
// at most 15 ones in a place that has 16 values' room, so that no carry reaches the next (in the topmost place it may
// be 16, and the carry leaves the word).
func split(x uint64) [4]uint64 {
	return [4]uint64{x & every4, x & (every4 << 1), x & (every4 << 2), x & (every4 << 3)}
}

// lower is the lower half of a product without carries.
func lower(a, b *[4]uint64) uint64 {
	p0 := a[0]*b[0] ^ a[1]*b[3] ^ a[2]*b[2] ^ a[3]*b[1]
	p1 := a[0]*b[1] ^ a[1]*b[0] ^ a[2]*b[3] ^ a[3]*b[2]
	p2 := a[0]*b[2] ^ a[1]*b[1] ^ a[2]*b[0] ^ a[3]*b[3]
	p3 := a[0]*b[3] ^ a[1]*b[2] ^ a[2]*b[1] ^ a[3]*b[0]
	return p0&every4 | p1&(every4<<1) | p2&(every4<<2) | p3&(every4<<3)
}

func (g *ghash) wipe() { *g = ghash{} }
