package packets

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// window is how much a CFB register works on at once: small enough for the first-level
// cache, large enough that calls cost nothing.
const window = 4096

// Encrypter is CFB encryption with AES and an all-zero IV, as SEIPDv1 uses it (RFC 9580
// §13.9, without the resync step). CFB's key stream is the CBC encryption of the
// plaintext started from one encryption of the IV: D[i] = E(P[i] xor D[i-1]) and
// C[i] = P[i] xor D[i-1]. So whole windows go through the standard library's CBC and a
// vectorised XOR, about a third faster than its CFB, which works block by block.
type Encrypter struct {
	block cipher.Block
	cbc   cipher.BlockMode // its register equals the key stream's newest block
	next  [aes.BlockSize]byte
	used  int // octets of next already spent, when a block was begun
	begun [aes.BlockSize]byte
	ks    [aes.BlockSize + window]byte
}

// NewEncrypter starts CFB encryption; key has 32 octets.
func NewEncrypter(key []byte) (*Encrypter, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	e := &Encrypter{block: block}
	block.Encrypt(e.next[:], e.next[:])
	e.cbc = cipher.NewCBCEncrypter(block, e.next[:])
	return e, nil
}

// Encrypt works in place.
func (e *Encrypter) Encrypt(p []byte) {
	if e.used > 0 {
		p = p[e.inBlock(p):]
	}
	for whole := len(p) &^ (aes.BlockSize - 1); whole > 0; whole = len(p) &^ (aes.BlockSize - 1) {
		n := min(whole, window)
		copy(e.ks[:], e.next[:])
		e.cbc.CryptBlocks(e.ks[aes.BlockSize:aes.BlockSize+n], p[:n])
		subtle.XORBytes(p[:n], p[:n], e.ks[:n])
		copy(e.next[:], e.ks[n:n+aes.BlockSize])
		p = p[n:]
	}
	if len(p) > 0 {
		e.inBlock(p)
	}
}

// inBlock encrypts up to the end of a block that does not come in one piece.
func (e *Encrypter) inBlock(p []byte) int {
	n := min(len(p), aes.BlockSize-e.used)
	copy(e.begun[e.used:], p[:n])
	subtle.XORBytes(p[:n], p[:n], e.next[e.used:])
	e.used += n
	if e.used == aes.BlockSize {
		e.cbc.CryptBlocks(e.next[:], e.begun[:])
		e.used = 0
	}
	return n
}

// Wipe forgets the key stream and whatever plaintext was still held.
func (e *Encrypter) Wipe() {
	clear(e.next[:])
	clear(e.begun[:])
	clear(e.ks[:])
}

// Decrypter is the way back. Its key stream is the encryption of the ciphertext, whose
// blocks do not wait for each other.
type Decrypter struct {
	block cipher.Block
	last  [aes.BlockSize]byte // ciphertext block before this one
	next  [aes.BlockSize]byte // its encryption, when a block was begun
	used  int
	ks    [window]byte
}

// NewDecrypter starts CFB decryption; key has 32 octets.
func NewDecrypter(key []byte) (*Decrypter, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &Decrypter{block: block}, nil
}

// Decrypt works in place.
func (d *Decrypter) Decrypt(p []byte) {
	if d.used > 0 {
		p = p[d.inBlock(p):]
	}
	for whole := len(p) &^ (aes.BlockSize - 1); whole > 0; whole = len(p) &^ (aes.BlockSize - 1) {
		n := min(whole, window)
		d.block.Encrypt(d.ks[:], d.last[:])
		for i := aes.BlockSize; i < n; i += aes.BlockSize {
			d.block.Encrypt(d.ks[i:], p[i-aes.BlockSize:])
		}
		copy(d.last[:], p[n-aes.BlockSize:n])
		subtle.XORBytes(p[:n], p[:n], d.ks[:n])
		p = p[n:]
	}
	if len(p) > 0 {
		d.block.Encrypt(d.next[:], d.last[:])
		d.inBlock(p)
	}
}

func (d *Decrypter) inBlock(p []byte) int {
	n := min(len(p), aes.BlockSize-d.used)
	copy(d.last[d.used:], p[:n])
	subtle.XORBytes(p[:n], p[:n], d.next[d.used:])
	d.used = (d.used + n) % aes.BlockSize
	return n
}

// Wipe forgets the key stream.
func (d *Decrypter) Wipe() {
	clear(d.next[:])
	clear(d.ks[:])
}
