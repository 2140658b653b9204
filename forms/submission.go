package forms

import (
	"errors"
	"time"

	"sealform/keys"
)

// Submission is sealed: nothing in it can be read without a reader's key.
type Submission struct {
	ID        int64
	Form      string
	Revision  Revision
	Reference string
	Received  time.Time
	Token     [16]byte
	Content   [32]byte
	Stored    bool                // false: mail only; Answers and Files are then empty
	Answers   keys.Sealed         // text and record, one signed message
	Files     []keys.SealedStream // each its own signed message, in the record's order
	Mails     []Mail
}

// Mail is one PGP/MIME message waiting to go out: the sealed inner entity and its envelope.
type Mail struct {
	To        []string
	MessageID string // without angle brackets; stable over retries
	Body      keys.SealedStream
}

// Kept says what the drop made of a submission.
type Kept struct {
	Reference string
	Received  time.Time
	Repeat    bool // the same token with the same content came before; this is the first one's receipt
}

// What a drop may answer instead of Kept. The desk decides on them.
var (
	ErrIDTaken        = errors.New("id taken by another submission")   // other token: draw a new id, seal again
	ErrReferenceTaken = errors.New("reference taken")                  // draw a new one, seal again
	ErrUnknown        = errors.New("whether it was kept is not known") // 503, retry with the same token
	ErrFull           = errors.New("no room to keep a submission")     // 503
)

// ErrReused: the same token came before with other content. The desk seals again as a follow-up.
type ErrReused struct{ Reference string }

func (e *ErrReused) Error() string { return "token used before for other answers" }
