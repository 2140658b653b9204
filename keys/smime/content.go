package smime

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"crypto/x509/pkix"
	"encoding/asn1"
)

const (
	keySize   = 32 // AES-256
	nonceSize = 12 // RFC 5084 §3.2
	tagSize   = 16
)

// content encrypts what is sealed, piece by piece and in place.
type content interface {
	algorithm() pkix.AlgorithmIdentifier
	encrypt(p []byte)    // whole blocks
	end(p []byte) []byte // the last, fewer than a block's octets or none; padded where the mode wants it
	tag() []byte         // nil: the mode has none
	authenticated() bool
	wipe()
}

func newContent(p Profile, key []byte) (content, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if p.GCM {
		return newGCM(block), nil
	}
	return newCBC(block), nil
}

// cbc is AES-256-CBC (RFC 3565). Anyone can change such a ciphertext so that something else comes out, and a program
// that shows the result unseen can be made to send it away (EFAIL): the signature inside is what tells.
type cbc struct {
	mode cipher.BlockMode
	iv   [aes.BlockSize]byte
}

func newCBC(block cipher.Block) *cbc {
	c := &cbc{}
	_, _ = rand.Read(c.iv[:]) // never fails (crypto/rand)
	c.mode = cipher.NewCBCEncrypter(block, c.iv[:])
	return c
}

func (c *cbc) algorithm() pkix.AlgorithmIdentifier { return identify(oidAES256CBC, c.iv[:]) }

func (c *cbc) encrypt(p []byte) { c.mode.CryptBlocks(p, p) }

// end pads by RFC 5652 §6.3: 1 to 16 octets, each saying how many.
func (c *cbc) end(p []byte) []byte {
	n := aes.BlockSize - len(p)%aes.BlockSize
	p = append(p, bytes.Repeat([]byte{byte(n)}, n)...)
	c.encrypt(p)
	return p
}

func (c *cbc) tag() []byte         { return nil }
func (c *cbc) authenticated() bool { return false }
func (c *cbc) wipe()               {}

// gcm is AES-256-GCM (RFC 5084): AES in counter mode and GHASH over the ciphertext. A nonce of 12 octets makes the
// counter's start; the key is used for one message, so that no nonce comes twice.
type gcm struct {
	ctr   cipher.Stream
	hash  *ghash
	nonce [nonceSize]byte
	mask  [tagSize]byte // the encrypted first counter block
}

func newGCM(block cipher.Block) *gcm {
	g := &gcm{}
	_, _ = rand.Read(g.nonce[:]) // never fails (crypto/rand)
	g.begin(block)
	return g
}

func (g *gcm) begin(block cipher.Block) {
	var hashKey, counter [aes.BlockSize]byte
	defer clear(hashKey[:])
	block.Encrypt(hashKey[:], hashKey[:])
	g.hash = newGHASH(hashKey)
	copy(counter[:], g.nonce[:])
	counter[aes.BlockSize-1] = 1
	block.Encrypt(g.mask[:], counter[:])
	counter[aes.BlockSize-1] = 2
	g.ctr = cipher.NewCTR(block, counter[:])
}

// gcmParameters is GCMParameters of RFC 5084 §3.2.
type gcmParameters struct {
	Nonce  []byte
	ICVLen int
}

func (g *gcm) algorithm() pkix.AlgorithmIdentifier {
	return identify(oidAES256GCM, gcmParameters{g.nonce[:], tagSize})
}

func (g *gcm) encrypt(p []byte) {
	g.ctr.XORKeyStream(p, p)
	_, _ = g.hash.Write(p)
}

func (g *gcm) end(p []byte) []byte {
	g.encrypt(p)
	return p
}

func (g *gcm) tag() []byte {
	sum := g.hash.sum()
	subtle.XORBytes(sum[:], sum[:], g.mask[:])
	return sum[:]
}

func (g *gcm) authenticated() bool { return true }

func (g *gcm) wipe() {
	g.hash.wipe()
	clear(g.mask[:])
}

// identify names an algorithm with its parameters.
func identify(oid asn1.ObjectIdentifier, parameters any) pkix.AlgorithmIdentifier {
	return pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.RawValue{FullBytes: marshal(parameters)}}
}

// marshal is the DER of a value whose types are this package's own, so that it cannot fail.
func marshal(v any) []byte {
	b, err := asn1.Marshal(v)
	if err != nil {
		panic("smime: a structure of this package cannot be encoded")
	}
	return b
}
