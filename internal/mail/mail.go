// Package mail writes the message that a clinic's relay carries, and hands it over by SMTP.
//
//	relay, err := mail.NewRelay(mail.RelayConfig{Address: "smtp.clinic.example:587", Mode: mail.StartTLS})
//	err = relay.Send(ctx, &mail.Message{From: …, To: …, MessageID: …, Date: …, Form: …, Seq: …, Body: sealed})
//
// What is mailed is a keys.SealedStream, a type that only sealing and reading sealed messages make: a cleartext body
// does not compile. It becomes part two of a PGP/MIME message (RFC 3156 §4), in armor, written as it is sent, so that
// a large message needs no more memory than a small one.
//
// Nothing of a visitor is in the outer header. It has sender, recipients, date, Message-ID, the subject "[...]"
// (RFC 9788 §4.2: the true subject is sealed inside), and the number that lets the clinic see a gap. Addresses are a
// strict subset of RFC 5321's; anything else is refused before a connection is made.
//
// Send knows no way without TLS: either TLS from the first byte or STARTTLS, never earlier than 1.2, and the
// certificate must be of the relay's name. A relay that offers less gets nothing, neither message nor password.
// There is one relay, the operator's; this package looks up no MX and follows no redirect.
//
// Errors are *Error with a short code. What a server says is never part of one.
package mail

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"sealform/internal/notice"
	"sealform/keys"
)

// Subject is the outer subject of every message; the subject that mail programs show is sealed inside.
const Subject = "[...]"

// Message is one sealed submission on its way to its readers.
type Message struct {
	From      string // address only
	To        string // address only
	MessageID string // without angle brackets; the same on every attempt
	Date      time.Time
	Form      string // the form's id; it is not written out, see Number
	Seq       int64  // the form's gapless number; 0: none
	Size      int64  // bytes of Body, to respect the relay's limit beforehand; 0: not known
	// Open gives the sealed body from its start. It is called twice where the message is signed with DKIM, whose
	// signature stands before what it covers.
	Open func() (keys.SealedStream, error)
}

// Note is a mail that is not sealed: a notice.Letter, which holds nothing of a visitor.
type Note struct {
	From      string
	To        string
	MessageID string
	Date      time.Time
	Letter    notice.Letter
	Reply     bool // to somebody who just wrote to us: Auto-Submitted: auto-replied, and nobody to bounce to (RFC 3834)
}

// ErrAddress refuses an address that is not plainly local@domain.
var ErrAddress = errors.New("not a plain mail address")

// RFC 5321 §4.1.2 without quoted local parts and address literals, which relays have been fooled with.
var (
	localPart = regexp.MustCompile("\\A[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\\z")
	domain    = regexp.MustCompile(`\A[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\z`)
)

// CheckAddress accepts local@domain of ASCII letters, digits and the signs that need no quoting; at most 64 bytes
// before the "@" and 254 in all (RFC 5321 §4.5.3.1).
func CheckAddress(address string) error {
	local, host, found := strings.Cut(address, "@")
	if !found || len(address) > 254 || len(local) > 64 || !localPart.MatchString(local) || !domain.MatchString(host) {
		return ErrAddress
	}
	return nil
}

// check finds what no relay should see, before one is called.
func (m *Message) check() error {
	if err := CheckAddress(m.From); err != nil {
		return fmt.Errorf("sender: %w", err)
	}
	if err := CheckAddress(m.To); err != nil {
		return fmt.Errorf("recipient: %w", err)
	}
	if err := CheckAddress(m.MessageID); err != nil {
		return fmt.Errorf("message id: %w", err) // RFC 5322 §3.6.4 gives it the shape of an address
	}
	return nil
}
