package outbox

import (
	"context"
	"errors"
	"strings"

	"sealform/internal/mail"
	"sealform/internal/outward"
	"sealform/internal/store"
	"sealform/keys"
)

func (o *Outbox) sendSealed(ctx context.Context, job *store.Job, last mail.Last) error {
	if !o.configured(job, about{}) {
		return failed(notConfigured)
	}
	return o.Send(ctx, &mail.Message{
		From:      o.From,
		To:        job.To,
		MessageID: o.messageID(job),
		Date:      job.Received,
		Series:    mail.Series(o.SeriesKey, o.From, job.Form),
		Seq:       job.Seq,
		Size:      job.Size,
		Open: func() (keys.SealedStream, error) {
			return keys.ReadSealed(o.Store.Message(ctx, job.Upload, job.Chunks))
		},
		Last: last,
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

// failed is an attempt that ended before anybody was called.
func failed(code mail.Code) error { return &mail.Error{Code: code, Step: "prepare"} }

// codeOf names how an attempt ended.
func codeOf(err error) mail.Code {
	var called *outward.Error
	switch {
	case err == nil:
		return ok
	case errors.As(err, &called):
		return mail.Code(called.Code)
	}
	return mail.CodeOf(err)
}
