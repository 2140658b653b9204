package outbox

import (
	"bytes"
	"context"
	"errors"

	"sealform/internal/mail"
	"sealform/internal/outward"
	"sealform/internal/store"
	"sealform/internal/webhook"
)

// callWebhook tells another program. The event's id is the job's, so that the receiver can tell repeats.
func (o *Outbox) callWebhook(ctx context.Context, job *store.Job, _ mail.Last) error {
	what, err := readAbout(job)
	if err != nil {
		return &outward.Error{Code: "bad_event"}
	}
	e := &webhook.Event{
		ID: job.MessageID, Type: "submission.received", At: job.Received, Form: job.Form, Reference: job.Reference,
		Address: o.Link(job.Form, job.Submission), Number: job.Seq,
	}
	if what.Test {
		e.Type = "test"
	} else if o.Wants != nil && o.Wants(job.To) {
		if e.Sealed, err = o.answers(ctx, job.Submission); err != nil {
			return err
		}
	}
	return o.Call(ctx, job.To, e)
}

// answers gives the stored answers as one binary OpenPGP message; nil where they are not kept, or no longer. What
// does not fit its leaf is not passed on.
func (o *Outbox) answers(ctx context.Context, submission int64) ([]byte, error) {
	sub, err := o.Store.Submission(ctx, submission)
	var erased *store.Erased
	if errors.As(err, &erased) || errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil || !sub.LeafOK {
		return nil, &outward.Error{Code: "not_sealed"}
	}
	var b bytes.Buffer
	if _, err := sub.Answers.WriteTo(&b); err != nil {
		return nil, &outward.Error{Code: "not_sealed"}
	}
	return b.Bytes(), nil
}
