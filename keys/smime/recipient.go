package smime

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
)

// keyTrans is KeyTransRecipientInfo (RFC 5652 §6.2.1), version 0: the recipient by issuer and serial number.
type keyTrans struct {
	Version   int
	Recipient issuerAndSerial
	Algorithm pkix.AlgorithmIdentifier
	Key       []byte
}

// keyAgree is KeyAgreeRecipientInfo (RFC 5652 §6.2.2, RFC 5753 §3.1) with a key pair made for this recipient and
// message.
type keyAgree struct {
	Version    int
	Originator asn1.RawValue
	Algorithm  pkix.AlgorithmIdentifier
	Recipients []agreedKey
}

type agreedKey struct {
	Recipient issuerAndSerial
	Key       []byte
}

type originatorKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Point     asn1.BitString
}

// oaepParameters is RSAES-OAEP-params with all said that could be left out (RFC 4055 §4.1): what programs take for
// granted differs.
type oaepParameters struct {
	Hash pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
	Mask pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
}

// oaepSHA256 is RSAES-OAEP with SHA-256 throughout.
var oaepSHA256 = identify(oidOAEP, oaepParameters{withNull(oidSHA256), identify(oidMGF1, withNull(oidSHA256))})

// sharedInfo is ECC-CMS-SharedInfo (RFC 5753 §7.2).
type sharedInfo struct {
	Wrap pkix.AlgorithmIdentifier
	Bits []byte `asn1:"explicit,tag:2"`
}

// recipientInfo encrypts the session key to one certificate.
func recipientInfo(to *x509.Certificate, key []byte, oaep bool) ([]byte, error) {
	switch public := to.PublicKey.(type) {
	case *rsa.PublicKey:
		return transport(to, public, key, oaep)
	case *ecdsa.PublicKey:
		own, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return agree(to, public, own, key)
	default:
		return nil, errors.New("neither an RSA nor an EC key")
	}
}

func transport(to *x509.Certificate, public *rsa.PublicKey, key []byte, oaep bool) ([]byte, error) {
	info := keyTrans{Recipient: named(to), Algorithm: withNull(oidRSA)}
	var err error
	if oaep {
		info.Algorithm = oaepSHA256
		info.Key, err = rsa.EncryptOAEP(sha256.New(), rand.Reader, public, key, nil)
	} else {
		// What all mail programs read. It is a reader's program that must not tell padding faults apart; ours opens nothing.
		info.Key, err = rsa.EncryptPKCS1v15(rand.Reader, public, key) //nolint:staticcheck // RFC 8551 §2.3 asks for it, and gpgsm reads nothing else
	}
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(info)
}

// agree encrypts the key under one that both sides can compute: from our new private key and the recipient's point.
func agree(to *x509.Certificate, public *ecdsa.PublicKey, own *ecdh.PrivateKey, key []byte) ([]byte, error) {
	theirs, err := public.ECDH()
	if err != nil {
		return nil, err
	}
	secret, err := own.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	kek := deriveKey(secret, marshal(sharedInfo{bare(oidAES256Wrap), []byte{0, 0, 1, 0}}), keySize) // 256 bits
	defer clear(kek)
	wrapped, err := wrapKey(kek, key)
	if err != nil {
		return nil, err
	}
	originator, err := originated(own.PublicKey())
	if err != nil {
		return nil, err
	}
	return asn1.MarshalWithParams(keyAgree{
		Version:    3,
		Originator: originator,
		Algorithm:  identify(oidECDHSHA256, bare(oidAES256Wrap)),
		Recipients: []agreedKey{{named(to), wrapped}},
	}, "tag:1")
}

// originated is [0] EXPLICIT, inside of it the choice originatorKey [1] (RFC 5652 §6.2.2).
func originated(own *ecdh.PublicKey) (asn1.RawValue, error) {
	point := own.Bytes()
	inner, err := asn1.MarshalWithParams(originatorKey{bare(oidEC), asn1.BitString{Bytes: point, BitLength: 8 * len(point)}}, "tag:1")
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inner}, err
}

func named(c *x509.Certificate) issuerAndSerial {
	return issuerAndSerial{asn1.RawValue{FullBytes: c.RawIssuer}, c.SerialNumber}
}
