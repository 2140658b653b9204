package keys

import (
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// sealable says why k cannot be sealed to, or nil.
func sealable(k *packet.PublicKey) error {
	switch k.PubKeyAlgo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSAEncryptOnly, packet.PubKeyAlgoECDH,
		packet.PubKeyAlgoX25519, packet.PubKeyAlgoX448, packet.PubKeyAlgoElGamal:
		return strength(k)
	default:
		return Exactly(ErrUnsupported, "has an encryption key of algorithm %d, which cannot be used here", k.PubKeyAlgo)
	}
}

// strength says why k is too weak, or nil.
func strength(k *packet.PublicKey) error {
	switch k.PubKeyAlgo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSAEncryptOnly, packet.PubKeyAlgoRSASignOnly:
		bits, err := k.BitLength()
		switch {
		case err != nil || bits < minRSABits:
			return Exactly(ErrWeak, "is too weak: RSA with %d bits, and %d are the least", bits, minRSABits)
		case bits > maxRSABits:
			return Exactly(ErrUnsupported, "has RSA with %d bits, and %d are the most", bits, maxRSABits)
		}
	case packet.PubKeyAlgoDSA, packet.PubKeyAlgoElGamal:
		return Exactly(ErrWeak, "is too weak: DSA and ElGamal are no longer safe")
	case packet.PubKeyAlgoECDH, packet.PubKeyAlgoECDSA, packet.PubKeyAlgoEdDSA:
		curve, err := k.Curve()
		switch {
		case err != nil:
			return Exactly(ErrUnsupported, "uses an elliptic curve that is not known here")
		case curve == packet.CurveSecP256k1:
			return Exactly(ErrWeak, "is too weak: it uses the curve secp256k1")
		}
	}
	return nil
}
