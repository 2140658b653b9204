package smime

import (
	"crypto/aes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/x509"
	"io"
)

// What the vectors look at.
var (
	WrapKey   = wrapKey
	DeriveKey = deriveKey
)

// Agree makes a recipient's part with a key pair that the test knows.
func Agree(to *x509.Certificate, own *ecdh.PrivateKey, key []byte) ([]byte, error) {
	return agree(to, to.PublicKey.(*ecdsa.PublicKey), own, key)
}

// Transport makes an RSA recipient's part.
func Transport(to *x509.Certificate, key []byte, oaep bool) ([]byte, error) {
	return recipientInfo(to, key, oaep)
}

// SealGCM encrypts pieces, all but the last of whole blocks, as an envelope does.
func SealGCM(key, nonce []byte, pieces [][]byte) (ciphertext, tag []byte, err error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, err
	}
	g := &gcm{nonce: [nonceSize]byte(nonce)}
	g.begin(block)
	for i, p := range pieces {
		if i == len(pieces)-1 {
			ciphertext = append(ciphertext, g.end(p)...)
			break
		}
		g.encrypt(p)
		ciphertext = append(ciphertext, p...)
	}
	return ciphertext, g.tag(), nil
}

// GHASH is the sum over pieces of any length.
func GHASH(key [16]byte, pieces [][]byte) [16]byte {
	g := newGHASH(key)
	for _, p := range pieces {
		_, _ = g.Write(p)
	}
	return g.sum()
}

// Canonical passes pieces through the writer that ends lines with CR LF.
func Canonical(w io.Writer, pieces []string) error {
	c := &canonical{w: w}
	for _, p := range pieces {
		if _, err := io.WriteString(c, p); err != nil {
			return err
		}
	}
	return c.end()
}
