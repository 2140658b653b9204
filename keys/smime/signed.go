package smime

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"
)

// The structures of a signature apart from what it signs (RFC 5652 §5).
type (
	contentInfo struct {
		Kind    asn1.ObjectIdentifier
		Content signedData `asn1:"explicit,tag:0"`
	}
	signedData struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      struct{ Kind asn1.ObjectIdentifier }
		Certificates asn1.RawValue
		Signers      []signerInfo `asn1:"set"`
	}
	signerInfo struct {
		Version    int
		Signer     issuerAndSerial
		Digest     pkix.AlgorithmIdentifier
		Attributes asn1.RawValue
		Algorithm  pkix.AlgorithmIdentifier
		Signature  []byte
	}
	attribute struct {
		Kind   asn1.ObjectIdentifier
		Values []any `asn1:"set"`
	}
)

// capabilities names the ciphers of this package, best first (RFC 8551 §2.5.2).
var capabilities = []pkix.AlgorithmIdentifier{bare(oidAES256GCM), bare(oidAES256CBC)}

// sign makes the SignedData for content of that SHA-256: signed attributes, the certificate and its chain.
func (s *Signer) sign(digest []byte, at time.Time) ([]byte, error) {
	attributes, err := signedAttributes(digest, at)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	sum := sha256.Sum256(attributes)
	signature, err := s.key.Sign(rand.Reader, sum[:], crypto.SHA256) // PKCS #1 v1.5 for RSA
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	// What is signed is a SET OF; in the message [0] stands in place of its tag (RFC 5652 §5.4).
	implicit := append([]byte{0xA0}, attributes[1:]...)
	var certificates []byte
	for _, c := range s.chain {
		certificates = append(certificates, c.Raw...)
	}
	info := contentInfo{Kind: oidSignedData, Content: signedData{
		Version:      1,
		Digests:      []pkix.AlgorithmIdentifier{bare(oidSHA256)},
		Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: certificates},
		Signers: []signerInfo{{
			Version:    1,
			Signer:     named(s.chain[0]),
			Digest:     bare(oidSHA256),
			Attributes: asn1.RawValue{FullBytes: implicit},
			Algorithm:  s.algorithm,
			Signature:  signature,
		}},
	}}
	info.Content.Content.Kind = oidData
	return asn1.Marshal(info)
}

// signedAttributes is the DER of a SET OF (RFC 5652 §11, RFC 8551 §2.5), which is what the signature covers.
func signedAttributes(digest []byte, at time.Time) ([]byte, error) {
	return asn1.MarshalWithParams([]attribute{
		{oidContentType, []any{oidData}},
		{oidSigningTime, []any{at.UTC()}},
		{oidMessageDigest, []any{digest}},
		{oidCapabilities, []any{capabilities}},
	}, "set")
}
