package mail

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"

	"github.com/emersion/go-msgauth/dkim"
)

// DKIM signs what goes out (RFC 6376): for the sender's domain, with an Ed25519 key or an RSA key of 2048 bits or more.
type DKIM struct {
	Domain   string // d=; receivers compare it with the domain of From (RFC 7489 §3.1)
	Selector string // s=; the public key is asked for at <selector>._domainkey.<domain>
	Key      crypto.Signer
}

// leastRSA is in bits: RFC 8301 §3.2 lets verifiers ignore shorter keys than 1024 and tells signers to use 2048.
const leastRSA = 2048

func (d *DKIM) check() error {
	if !domain.MatchString(d.Domain) || !domain.MatchString(d.Selector) {
		return errors.New("the domain or the selector of DKIM is not a host name")
	}
	if d.Key == nil {
		return errors.New("DKIM has no key")
	}
	switch key := d.Key.Public().(type) {
	case ed25519.PublicKey:
		return nil
	case *rsa.PublicKey:
		if key.N.BitLen() < leastRSA {
			return errors.New("the DKIM key is shorter than 2048 bits")
		}
		return nil
	}
	return errors.New("the DKIM key is neither Ed25519 nor RSA")
}

// signedFields are named twice each, so that a second one, added on the way, breaks the signature (RFC 6376 §5.4.2).
// Those that we never write are named once for the same reason.
var signedFields = []string{
	"From", "From", "To", "To", "Subject", "Subject", "Date", "Date", "Message-ID", "Message-ID",
	"MIME-Version", "MIME-Version", "Content-Type", "Content-Type", "Auto-Submitted", "Auto-Submitted",
	"Sealform-Number", "Sealform-Number", "Reply-To", "Cc",
}

// sign gives the header field DKIM-Signature of what p writes, CRLF included; "" without a key. p is written once for
// it, and once more when it is sent: the signature stands before what it covers, and a large message is never in memory.
func (d *DKIM) sign(p parcel) (string, error) {
	if d == nil {
		return "", nil
	}
	s, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: d.Domain, Selector: d.Selector, Signer: d.Key, HeaderKeys: signedFields,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		return "", err
	}
	_, wrong := p.WriteTo(s)
	if err := s.Close(); wrong == nil { // always, as it ends what NewSigner began
		wrong = err
	}
	if wrong != nil {
		return "", wrong
	}
	return s.Signature(), nil
}
