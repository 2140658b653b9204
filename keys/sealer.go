package keys

import (
	"io"
	"time"
)

// Sealer seals what is mailed to one reader or several, in one standard: OpenPGP (Recipients.By) or CMS (package
// smime). What it seals is signed inside by the server.
type Sealer interface {
	Kind() Kind
	// Fingerprints names the readers, for the record: OpenPGP fingerprints, or the SHA-256 of a certificate in hex.
	Fingerprints() []Fingerprint
	// SignedBy names the key that signs inside.
	SignedBy() Fingerprint
	// Usable says whether every reader can receive at that time: nil or why not, such as a *Refusal.
	Usable(at time.Time) error
	// SealMail prepares a message, as Recipients.SealStream does: write is called once, when the stream is written.
	SealMail(at time.Time, write func(io.Writer) error) (SealedStream, error)
}

// By gives a Sealer of these readers, signing with that key.
func (r *Recipients) By(s *Signer) Sealer { return signed{r, s} }

type signed struct {
	*Recipients
	by *Signer
}

// Kind implements Sealer.
func (signed) Kind() Kind { return OpenPGP }

// SignedBy implements Sealer.
func (s signed) SignedBy() Fingerprint { return s.by.Fingerprint() }

// SealMail implements Sealer.
func (s signed) SealMail(at time.Time, write func(io.Writer) error) (SealedStream, error) {
	return s.SealStream(s.by, at, write)
}
