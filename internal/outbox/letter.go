package outbox

import (
	"context"
	"encoding/json"
	"time"

	"sealform/internal/mail"
	"sealform/internal/notice"
	"sealform/internal/store"
)

// about is what a job says besides its columns: counts, codes, dates, and names that the operator gave. It is stored as
// JSON, so its names stay as they are.
type about struct {
	Test     bool `json:"test,omitempty"`      // of a webhook: somebody pressed the button
	TooLarge bool `json:"too_large,omitempty"` // of a notice: the submission was not mailed

	Count int64 `json:"count,omitempty"` // of a notice: what came since the last one

	Day     string `json:"day,omitempty"` // of a digest
	First   int64  `json:"first,omitempty"`
	Last    int64  `json:"last,omitempty"`
	Waiting int64  `json:"waiting,omitempty"`
	Dead    int64  `json:"dead,omitempty"`

	Matter notice.Matter `json:"matter,omitempty"` // of an alarm
	Name   string        `json:"name,omitempty"`   // of a key, as the operator configured it
	Days   int           `json:"days,omitempty"`   // the mark that it has reached: see marks
	Ends   string        `json:"ends,omitempty"`   // the day, in UTC
}

func (a about) json() string {
	b, err := json.Marshal(a)
	if err != nil {
		return "" // strings and numbers alone: it never fails
	}
	return string(b)
}

func readAbout(job *store.Job) (about, error) {
	var a about
	if job.About == "" {
		return a, nil
	}
	if err := json.Unmarshal([]byte(job.About), &a); err != nil {
		return a, failed(mail.Body)
	}
	return a, nil
}

// sendLetter writes a notice, digest or alarm from the job's counts, now: the figures of an alarm are those of today.
func (o *Outbox) sendLetter(ctx context.Context, job *store.Job, last mail.Last) error {
	what, err := readAbout(job)
	switch {
	case err != nil:
		return err
	case !what.plausible(job.Channel):
		return failed(changed)
	case !o.configured(job, what) || !o.ends(what):
		return failed(notConfigured)
	}
	var letter notice.Letter
	switch {
	case job.Channel == store.Digest:
		letter = o.Words.Digest(what.Day, []notice.Series{o.series(job.Form, what)}, o.Link(job.Form, 0))
	case job.Channel == store.Alarm:
		a, err := o.figures(ctx, what)
		if err != nil {
			return failed(mail.Body)
		}
		letter = o.Words.Alarm(a, o.Link("", 0))
	case what.TooLarge:
		letter = o.Words.TooLarge(job.Reference, o.Link(job.Form, job.Submission))
	default:
		letter = o.Words.Arrived(what.Count, o.Link(job.Form, job.Submission))
	}
	n := o.note(job, job.To, letter)
	n.Last = last
	return o.Note(ctx, n)
}

// sendReceipt opens the visitor's address for this one attempt.
func (o *Outbox) sendReceipt(ctx context.Context, job *store.Job, last mail.Last) error {
	if o.Address == nil {
		return failed(mail.Address)
	}
	to, err := o.Address(job.Sealed, job.Submission)
	if err != nil {
		return failed(mail.Address)
	}
	if o.ours(to) { // somebody would have us write to ourselves
		return failed(ownAddress)
	}
	words := ""
	if f := o.form(job.Form); f != nil { // else it went since: the reference alone still tells that it came
		words = f.Receipt
	}
	n := o.note(job, to, notice.Receipt(o.Words.Clinic, job.Reference, words))
	n.Reply, n.Last = true, last
	return o.Note(ctx, n)
}

func (o *Outbox) note(job *store.Job, to string, letter notice.Letter) *mail.Note {
	return &mail.Note{From: o.From, To: to, MessageID: o.messageID(job), Date: job.Received, Letter: letter}
}

// series names a form as the headers of its mails do.
func (o *Outbox) series(form string, what about) notice.Series {
	f := o.form(form)
	return notice.Series{
		Name: "series=" + mail.Series(o.SeriesKey, o.From, form), Mailed: f == nil || f.Mails == nil || len(f.Mails) > 0,
		First: what.First, Last: what.Last, Waiting: what.Waiting, Dead: what.Dead,
	}
}

// figures are those of an alarm, as they are now.
func (o *Outbox) figures(ctx context.Context, what about) (notice.Alarm, error) {
	a := notice.Alarm{Matter: what.Matter, Name: what.Name}
	now := o.Now()
	var err error
	switch what.Matter {
	case notice.QueueOld:
		a.Count, err = o.count(ctx, store.Waiting, nil, func(j *store.Job) bool {
			return j.Awaited() && old(j.Made, now)
		})
	case notice.TooLarge:
		a.Count, err = o.count(ctx, store.Waiting, nil, func(j *store.Job) bool { return j.Awaited() && j.LastError == string(mail.TooLarge) })
	case notice.DeadLetter:
		a.Count, err = o.count(ctx, store.Dead, nil, func(j *store.Job) bool { return j.Awaited() || j.LastError == string(changed) })
	case notice.FormClosed:
		if o.Closed != nil {
			a.Count = int64(len(o.Closed(now)))
		}
	case notice.KeyEnds:
		at, parseErr := time.Parse(time.RFC3339, what.Ends)
		a.Count, err = daysUntil(at, now), parseErr
	}
	return a, err
}
