package outbox

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"sealform/internal/event"
	"sealform/internal/mail"
	"sealform/internal/outward"
	"sealform/internal/store"
	"sealform/internal/webhook"
	"sealform/keys"
)

// send makes one attempt, by the job's channel.
func (o *Outbox) send(ctx context.Context, job *store.Job) error {
	switch job.Channel {
	case store.Mail:
		return o.sendSealed(ctx, job)
	case store.Notice, store.Digest, store.Alarm:
		return o.sendLetter(ctx, job)
	case store.Receipt:
		return o.sendReceipt(ctx, job)
	case store.Webhook:
		return o.callWebhook(ctx, job)
	}
	return failed(mail.Body) // of a newer program
}

func (o *Outbox) sendSealed(ctx context.Context, job *store.Job) error {
	return o.Send(ctx, &mail.Message{
		From:      o.From,
		To:        job.To,
		MessageID: o.messageID(job),
		Date:      job.Received,
		Form:      job.Form,
		Seq:       job.Seq,
		Size:      job.Size,
		Open: func() (keys.SealedStream, error) {
			return keys.ReadSealed(o.Store.Message(ctx, job.Upload, job.Chunks))
		},
	})
}

// messageID is the job's, under the sender's domain where it has none.
func (o *Outbox) messageID(job *store.Job) string {
	if strings.Contains(job.MessageID, "@") {
		return job.MessageID
	}
	_, domain, _ := strings.Cut(o.From, "@")
	return job.MessageID + "@" + domain
}

// callWebhook tells another program. The event's id is the job's, so that the receiver can tell repeats.
func (o *Outbox) callWebhook(ctx context.Context, job *store.Job) error {
	what, err := readAbout(job)
	if err != nil {
		return err
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
		return nil, failed(mail.Body)
	}
	var b bytes.Buffer
	if _, err := sub.Answers.WriteTo(&b); err != nil {
		return nil, failed(mail.Body)
	}
	return b.Bytes(), nil
}

// failed is an attempt that ended before anybody was called.
func failed(code mail.Code) error { return &mail.Error{Code: code, Step: "prepare"} }

// codeOf names how an attempt ended.
func codeOf(err error) event.Code {
	var called *outward.Error
	switch {
	case err == nil:
		return ok
	case errors.As(err, &called):
		return event.Code(called.Code)
	}
	return event.Code(mail.CodeOf(err))
}
