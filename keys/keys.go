// Package keys is the public half of Sealform's cryptography: it seals, and it can open
// nothing. Readers' certificates come in (ParseCertificate), become Recipients, and turn
// a Plaintext into a Sealed message that any OpenPGP program opens.
//
//	cert, err := keys.ParseCertificate(file, now)   // or a *Refusal that says the mend
//	to, err := keys.NewRecipients(cert, other)
//	sealed, err := to.Seal(answers, signer, now)    // whole, in memory
//	stream, err := to.SealStream(signer, now, copy) // large, constant memory
//
// By default the profile is written that every OpenPGP program in use reads: version 3
// session-key packets and SEIPDv1 with AES-256 (RFC 9580 §5.13.1), even for a reader
// whose key announces more; no compression; a version 4 Ed25519 signature by the
// server's Signer inside; no list of intended recipients, so that a reader can be added
// later by adding one small packet. NewModern writes another one, to a mailed address for which it was chosen; what
// the store keeps for its readers is always the first.
//
// It refuses certificates that are expired, revoked, weak, of a kind the profile cannot
// serve, or that hold no encryption key, and it never seals to only some of the
// recipients. ParseSealed, JoinSealed and ReadSealed take nothing but sealed messages,
// so a function that wants a Sealed cannot be handed cleartext.
//
// Private keys live in package private. The one secret here is the Signer's, which
// proves where a message comes from and opens nothing.
package keys

import (
	"encoding/hex"
	"strings"
)

// Kind says which standard a sealed message follows.
type Kind uint8

// The kinds of sealed message.
const (
	OpenPGP Kind = iota + 1
	CMS
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case OpenPGP:
		return "OpenPGP"
	case CMS:
		return "CMS"
	default:
		return "unknown"
	}
}

// Fingerprint names an OpenPGP key by its primary key: 40 upper-case hex digits for v4, 64 for v6 (RFC 9580 §5.5.4); or a
// certificate of S/MIME by its SHA-256, 64 digits.
type Fingerprint string

// Grouped is the fingerprint as people compare it: in groups of four.
func (f Fingerprint) Grouped() string {
	var b strings.Builder
	for i, r := range f {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// FingerprintOf writes raw fingerprint octets as a Fingerprint.
func FingerprintOf(raw []byte) Fingerprint {
	return Fingerprint(strings.ToUpper(hex.EncodeToString(raw)))
}
