// Package mail writes the messages that a clinic's relay carries, and hands them over by SMTP.
//
//	relay, err := mail.NewRelay(mail.RelayConfig{Address: "smtp.clinic.example:587", Mode: mail.StartTLS})
//	defer relay.Close()
//	err = relay.Send(ctx, &mail.Message{From: …, To: …, MessageID: …, Date: …, Series: …, Seq: …, Open: sealed})
//	err = relay.Note(ctx, &mail.Note{From: …, To: …, MessageID: …, Date: …, Letter: …})
//
// What is mailed is a keys.SealedStream or a notice.Letter: the one is made by sealing and by reading sealed messages
// alone, the other from counts, references and the operator's own words. A body of cleartext answers does not compile.
// OpenPGP becomes part two of a PGP/MIME message (RFC 3156 §4), CMS an S/MIME one (RFC 8551 §3.3); both are encoded as
// they are sent, so that a large message needs no more memory than a small one.
//
// Nothing of a visitor is in the outer header. It has sender, recipient, date, Message-ID, the subject "[...]"
// (RFC 9788 §4.2: the true subject is sealed inside), and the number that lets the clinic see a gap. Addresses are a
// strict subset of RFC 5321's; anything else is refused before a connection is made.
//
// There is no way without TLS: either TLS from the first byte or STARTTLS, never earlier than 1.2, and the certificate
// must be of the relay's name and, with pins, of a key that the operator named. A relay that offers less gets nothing,
// neither message nor password. There is one relay, the operator's; this package looks up no MX and follows no
// redirect. A connection that went well is kept for the next message, for a short while.
//
// Errors are *Error with a short code, of which Codes has the list. What a server says is never part of one.
package mail

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"time"

	"sealform/internal/address"
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
	Series    string // of the form's numbers, see Series; needed with Seq
	Seq       int64  // the form's gapless number; 0: none
	Size      int64  // bytes of Body, to respect the relay's limit beforehand; 0: not known
	// Open gives the sealed body from its start. It is called twice where the message is signed with DKIM, whose
	// signature stands before what it covers.
	Open func() (keys.SealedStream, error)
	Last Last
}

// domain is a host name, which may have one label, as of this machine.
var domain = regexp.MustCompile(`\A[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\z`)

// parcel is what a relay carries.
type parcel interface {
	io.WriterTo
	// check finds what no relay should see, before one is called.
	check() error
	// sender and recipient are those of the envelope (RFC 5321 §2.3.1), bounces what the operator set for all.
	sender(bounces string) string
	recipient() string
	// mailed is the size on the wire, rounded up; 0: not known.
	mailed() int64
	// last waits until the end may be sent.
	last(context.Context) error
}

// Last is called when all but the end of a message was sent, right before the relay may take responsibility; nil: nothing
// is. Whoever bounds how many messages may be in doubt at a time waits here. An error cuts the message off.
type Last func(context.Context) error

func (l Last) wait(ctx context.Context) error {
	if l == nil {
		return nil
	}
	return l(ctx)
}

func (m *Message) last(ctx context.Context) error { return m.Last.wait(ctx) }

func (m *Message) check() error { return plain(m.From, m.To, m.MessageID) }

func (m *Message) sender(bounces string) string { return cmp.Or(bounces, m.From) }

func (m *Message) recipient() string { return m.To }

// mailed counts base64 in lines of 64 with CRLF, and the headers.
func (m *Message) mailed() int64 {
	if m.Size <= 0 {
		return 0
	}
	return m.Size*4/3*66/64 + 4096
}

// plain checks the three values that stand in a header, a command, or both. RFC 5322 §3.6.4 gives a Message-ID the
// shape of an address.
func plain(from, to, id string) error {
	if err := address.Check(from); err != nil {
		return fmt.Errorf("sender: %w", err)
	}
	if err := address.Check(to); err != nil {
		return fmt.Errorf("recipient: %w", err)
	}
	if err := address.Check(id); err != nil {
		return fmt.Errorf("message id: %w", err)
	}
	return nil
}
