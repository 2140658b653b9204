package smime_test

import (
	"bytes"
	"crypto/aes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"math/big"
	"testing"

	"sealform/keys/smime"
)

// tlv writes DER by hand, so that the structures are not held against the code that made them.
func tlv(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	switch n := len(body); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}

// golden is what a certificate of issuer CN=A and serial number 0x1234 is named by.
var golden = tlv(0x30,
	tlv(0x30, tlv(0x31, tlv(0x30, []byte{0x06, 3, 0x55, 0x04, 0x03}, []byte{0x13, 1, 'A'}))),
	[]byte{0x02, 2, 0x12, 0x34})

// ephemeral and static are key pairs that anyone knows.
func ephemeral(t *testing.T) *ecdh.PrivateKey { return scalar(t, 7) }

func scalar(t *testing.T, last byte) *ecdh.PrivateKey {
	t.Helper()
	k, err := ecdh.P256().NewPrivateKey(append(make([]byte, 31), last))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func goldenCertificate(t *testing.T, public any) *x509.Certificate {
	t.Helper()
	ca := certify(t, nil, ecKey(t, curve), &x509.Certificate{
		Subject: pkix.Name{CommonName: "A"}, NotBefore: today, NotAfter: today.AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true,
	})
	return certify(t, &ca, publicOnly{public}, &x509.Certificate{
		SerialNumber: big.NewInt(0x1234), Subject: pkix.Name{CommonName: "B"}, NotBefore: today, NotAfter: today.AddDate(1, 0, 0),
	}).cert
}

// TestKeyAgreeRecipient has every octet of a KeyAgreeRecipientInfo written out (RFC 5652 §6.2.2, RFC 5753 §3.1, §7),
// the key wrapped by the recipient's side of the agreement.
func TestKeyAgreeRecipient(t *testing.T) {
	static, own := scalar(t, 9), ephemeral(t)
	public, err := ecdsa.ParseUncompressedPublicKey(curve, static.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	key := bytes.Repeat([]byte{0x5A}, 32)
	secret, err := static.ECDH(own.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	wrap := tlv(0x30, []byte{0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 45}) // id-aes256-wrap
	info := tlv(0x30, wrap, tlv(0xA2, tlv(0x04, []byte{0, 0, 1, 0})))
	kek := sha256.Sum256(bytes.Join([][]byte{secret, binary.BigEndian.AppendUint32(nil, 1), info}, nil))
	wrapped := wrapByHand(t, kek[:], key)
	want := tlv(0xA1,
		[]byte{0x02, 1, 3},
		tlv(0xA0, tlv(0xA1,
			tlv(0x30, []byte{0x06, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1}), // id-ecPublicKey
			tlv(0x03, []byte{0}, own.PublicKey().Bytes()))),
		tlv(0x30, []byte{0x06, 6, 0x2B, 0x81, 4, 1, 11, 1}, wrap), // dhSinglePass-stdDH-sha256kdf-scheme
		tlv(0x30, tlv(0x30, golden, tlv(0x04, wrapped))))
	got, err := smime.Agree(goldenCertificate(t, public), own, key)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v\n got %x\nwant %x", err, got, want)
	}
}

// wrapByHand is RFC 3394 §2.2.1 by its formulas with shifted registers.
func wrapByHand(t *testing.T, kek, key []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(kek)
	if err != nil {
		t.Fatal(err)
	}
	a := bytes.Repeat([]byte{0xA6}, 8)
	r := bytes.Clone(key)
	for s := 1; s <= 6*len(key)/8; s++ {
		b := append(bytes.Clone(a), r[:8]...)
		block.Encrypt(b, b)
		a, r = b[:8], append(r[8:], b[8:]...)
		a[7] ^= byte(s)
	}
	return append(a, r...)
}

// TestKeyTransRecipient has the frame of a KeyTransRecipientInfo (RFC 5652 §6.2.1, RFC 4055 §4.1); the encrypted key
// is opened by the recipient's key.
func TestKeyTransRecipient(t *testing.T) {
	key := bytes.Repeat([]byte{0x5A}, 32)
	cert := goldenCertificate(t, rsaKey().Public())
	sha := tlv(0x30, []byte{0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 0x05, 0})
	pkcs1 := []byte{0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1}
	v15 := tlv(0x30, append(bytes.Clone(pkcs1), 1, 0x05, 0))
	oaep := tlv(0x30, append(bytes.Clone(pkcs1), 7), tlv(0x30,
		tlv(0xA0, sha),
		tlv(0xA1, tlv(0x30, append(bytes.Clone(pkcs1), 8), sha))))
	for _, c := range []struct {
		oaep      bool
		algorithm []byte
	}{{false, v15}, {true, oaep}} {
		got, err := smime.Transport(cert, key, c.oaep)
		if err != nil {
			t.Fatal(err)
		}
		encrypted := got[len(got)-384:]
		if want := tlv(0x30, []byte{0x02, 1, 0}, golden, c.algorithm, tlv(0x04, encrypted)); !bytes.Equal(got, want) {
			t.Errorf("OAEP %v\n got %x\nwant %x", c.oaep, got, want)
		}
		var opened []byte
		if c.oaep {
			opened, err = rsa.DecryptOAEP(sha256.New(), nil, rsaKey(), encrypted, nil)
		} else {
			opened, err = rsa.DecryptPKCS1v15(nil, rsaKey(), encrypted) //nolint:staticcheck // the other half of what mail programs read
		}
		if err != nil || !bytes.Equal(opened, key) {
			t.Errorf("OAEP %v: %v", c.oaep, err)
		}
	}
}
