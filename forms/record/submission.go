// Package record is what a submission becomes: the record of its answers, sealed, and what is read back from it.
//
//	submission, err := record.Seal(answers, plan)          // complete, padded, sealed: readable bytes end here
//	…
//	reading, err := record.Read(plaintext, questions, row) // what staff see, compared with its row first
//
// Inside the seal is one MIME entity (entity.go): a text that people can read with gpg alone, the record as JSON
// (record.go), and in a mail the files. Its bytes are frozen: what was sealed years ago is read by the same code, so
// languages, pages and conditions of forms never reach in here. Values that are not valid UTF-8 are kept as they came.
//
// What leaves is sealed, each mailed address a message of its own. The one exception is the address that a receipt goes
// to, which leaves as a sealedaddress.Address and in no other way. A mail that the relay would refuse for its size is not
// sealed: it says TooLarge, or the submission is refused while its visitor waits.
//
// It refuses an uploaded file that begins like an entity of ours, a plan that names no reader, and a record that is not of
// its row (Mismatch). Errors never hold an answer. It keeps nothing: no database, no web, no key.
package record

import (
	"errors"
	"fmt"
	"time"

	"sealform/forms"
	"sealform/internal/sealedaddress"
	"sealform/keys"
)

// Submission is sealed: nothing in it can be read without a reader's key.
type Submission struct {
	ID        int64
	Form      string
	Revision  forms.Revision
	Reference string
	Received  time.Time
	Token     [16]byte
	Content   [32]byte
	Stored    bool                // false: mail only; Answers and Files are then empty
	Answers   keys.Sealed         // text and record, one signed message
	Files     []keys.SealedStream // each its own signed message, in the record's order
	Mails     []Mail
	Webhooks  []string               // names of those to call
	Receipt   *sealedaddress.Address // of a visitor who is mailed a receipt; nil: none is
}

// Mail is one message waiting to go out to one address: the sealed inner entity and its envelope.
type Mail struct {
	To        string
	MessageID string // without angle brackets; stable over retries
	Body      keys.SealedStream
	TooLarge  bool // more than the relay takes: no Body; the address gets a notice instead
}

// Envelope is the address of a mail and its sealer.
type Envelope struct {
	To     string
	Sealer keys.Sealer
}

// Readers are those whom a form is sealed to now: for the store, and for each mail.
type Readers struct {
	Store *keys.Recipients
	Mails []Envelope
}

// Usable says whether all of them can receive at that time: nil or why the first can't.
func (r *Readers) Usable(at time.Time) error {
	if err := r.Store.Usable(at); err != nil {
		return fmt.Errorf("the readers of a form: %w", err)
	}
	for _, m := range r.Mails {
		if err := m.Sealer.Usable(at); err != nil {
			return fmt.Errorf("who is mailed: %w", err)
		}
	}
	return nil
}

// Kept is a drop's answer: the submission is durable under this reference.
type Kept struct {
	Reference string
	Received  time.Time
	Repeat    bool // the same token with the same content came before; this is the first one's receipt
}

// The errors of a drop in place of Kept. The desk decides on them.
var (
	ErrIDTaken        = errors.New("id taken by another submission")   // other token: draw a new id, seal again
	ErrReferenceTaken = errors.New("reference taken")                  // draw a new one, seal again
	ErrUnknown        = errors.New("whether it was kept is not known") // 503, retry with the same token
	ErrFull           = errors.New("no room to keep a submission")     // 503
)

// ErrReused means that the same token came before with other content. The desk seals again as a follow-up.
type ErrReused struct{ Reference string }

func (e *ErrReused) Error() string { return "token used before for other answers" }
