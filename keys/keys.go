package keys

import (
	"io"
	"time"
)

// Kind says which standard a sealed message follows.
type Kind uint8

// The kinds of sealed message.
const (
	OpenPGP Kind = iota + 1
	CMS
)

// Fingerprint names an OpenPGP key by its primary key: 40 upper-case hex digits for v4 (RFC 9580 §5.5.4.2).
type Fingerprint string

// Password is what unlocks a key or an account. Its bytes live inside a function
// value, so that printing, logging or encoding one has nothing to show.
type Password struct{ reveal func() []byte }

// NewPassword keeps a copy of b.
func NewPassword(b []byte) Password {
	c := append([]byte(nil), b...)
	return Password{func() []byte { return c }}
}

// Reveal is the one exit. A test lists its callers.
func (p Password) Reveal() []byte {
	if p.reveal == nil {
		return nil
	}
	return p.reveal()
}

// Plaintext is what a visitor wrote, on its way into or out of a seal.
type Plaintext struct{ reveal func() []byte }

// NewPlaintext takes b over; the caller must not use it again.
func NewPlaintext(b []byte) Plaintext { return Plaintext{func() []byte { return b }} }

// Reveal is the one exit. A test lists its callers.
func (p Plaintext) Reveal() []byte {
	if p.reveal == nil {
		return nil
	}
	return p.reveal()
}

// Certificate is one reader's public key, checked when it was parsed.
type Certificate struct{}

// ParseCertificate reads one armored or binary certificate of at most 64 KiB and
// refuses (*Refusal) what cannot safely receive: expired, revoked, encryption-less,
// RSA < 3072, secp256k1.
func ParseCertificate(b []byte, now time.Time) (*Certificate, error) { panic("contract") }

func (c *Certificate) Fingerprint() Fingerprint   { panic("contract") }
func (c *Certificate) Hash() [32]byte             { panic("contract") } // SHA-256 of the binary certificate
func (c *Certificate) UserID() string             { panic("contract") }
func (c *Certificate) Expires() time.Time         { panic("contract") } // zero: never
func (c *Certificate) Armored() []byte            { panic("contract") }
func (c *Certificate) Usable(now time.Time) error { panic("contract") } // nil or *Refusal

// Refusal says which key, why, and the mend; errors.Is against the sentinels.
type Refusal struct {
	Key    string // user id or fingerprint; file names are added by the caller
	Reason error  // one of ErrExpired, ErrRevoked, …
	Mend   string // the next thing to try, one sentence
}

func (r *Refusal) Error() string { panic("contract") }
func (r *Refusal) Unwrap() error { return r.Reason }

// Recipients are the readers that one message is sealed to: 1 to 64 certificates.
type Recipients struct{}

func NewRecipients(certs ...*Certificate) (*Recipients, error)                   { panic("contract") }
func (r *Recipients) Fingerprints() []Fingerprint                                { panic("contract") }
func (r *Recipients) Usable(now time.Time) error                                 { panic("contract") }
func (r *Recipients) Seal(p Plaintext, by *Signer, at time.Time) (Sealed, error) { panic("contract") }

// SealStream prepares a large message: the session key is drawn and wrapped now, the
// data comes when WriteData runs, pulled from write, which is called once.
func (r *Recipients) SealStream(by *Signer, at time.Time, write func(io.Writer) error) (SealedStream, error) {
	panic("contract")
}

// SessionKey is one reader's PKESK packet, raw bytes (RFC 9580 §5.1).
type SessionKey struct {
	Reader Fingerprint
	Packet []byte
}

// Sealed is a whole sealed message; made only by Recipients.Seal, JoinSealed and ParseSealed.
type Sealed struct{}

func (s Sealed) Kind() Kind                         { panic("contract") }
func (s Sealed) SessionKeys() []SessionKey          { panic("contract") }
func (s Sealed) Data() []byte                       { panic("contract") } // the one tag-18 packet
func (s Sealed) WriteTo(w io.Writer) (int64, error) { panic("contract") } // session keys, then data: what gpg reads

// ParseSealed accepts 1..64 PKESK (v3/v6), exactly one tag 18, nothing after. Reader is empty in its SessionKeys.
func ParseSealed(b []byte) (Sealed, error) { panic("contract") }

// JoinSealed puts rows of the store together again, with the same checks.
func JoinSealed(sk []SessionKey, data []byte) (Sealed, error) { panic("contract") }

// SealedStream is a large sealed message not yet in memory.
type SealedStream struct{}

func (s SealedStream) SessionKeys() []SessionKey          { panic("contract") }
func (s SealedStream) WriteData(w io.Writer) error        { panic("contract") } // the data packet only, once
func (s SealedStream) WriteTo(w io.Writer) (int64, error) { panic("contract") } // session keys, then data

// ReadSealed takes a sealed message from a stream (of the store): it reads and checks the session-key packets now, and
// the framing of the one tag-18 packet while it is written. Its SessionKeys carry no Reader.
func ReadSealed(r io.Reader) (SealedStream, error) { panic("contract") }

// ArmorWriter writes ASCII armor with CRC-24 (RFC 4880 §6; GnuPG before 2.4.9 needs it). Close ends it.
func ArmorWriter(w io.Writer) (io.WriteCloser, error) { panic("contract") }

// Signer is the server's signing key: it proves origin and opens nothing.
type Signer struct{}

// NewSigner makes one; secret is what goes to secrets/, unencrypted OpenPGP transferable secret key.
func NewSigner(service string, at time.Time) (s *Signer, secret []byte, err error) { panic("contract") }
func ParseSigner(secret []byte) (*Signer, error)                                   { panic("contract") }
func (s *Signer) Fingerprint() Fingerprint                                         { panic("contract") }
func (s *Signer) Certificate() []byte                                              { panic("contract") } // armored public key

// Verifiers are the signing keys whose messages the viewer believes.
type Verifiers struct{}

func ParseVerifiers(certs ...[]byte) (*Verifiers, error) { panic("contract") }
