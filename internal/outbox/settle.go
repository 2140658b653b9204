package outbox

import (
	"context"
	"strings"
	"time"

	"sealform/internal/event"
	"sealform/internal/mail"
	"sealform/internal/notice"
	"sealform/internal/store"
)

// Codes of attempts that called nobody, beside those of package mail.
const (
	changed       mail.Code = "changed"        // somebody wrote into the database: it is given up at once
	notConfigured mail.Code = "not_configured" // to an address, or about a key, that the configuration does not name any more
	ownAddress    mail.Code = "own_address"    // of a receipt: a visitor typed an address of this service's own
	tooLate       mail.Code = "too_late"       // of a receipt: a day has passed
)

// leastAttempts come before a job is given up, however old it is: a machine that was off for a week, or a clock that
// jumped, gives nothing up.
const leastAttempts = 24

// lastReceipt is how long a receipt is tried. After that it helps nobody, and the visitor's address goes.
const lastReceipt = 24 * time.Hour

// over says whether a job that failed so ends here, kept by nobody: no letter is lost with it.
func over(j *store.Job, code event.Code, now time.Time) bool {
	switch j.Channel {
	case store.Receipt:
		refused := code == event.Code(mail.Address) || code == event.Code(ownAddress) || strings.HasPrefix(string(code), "permanent_")
		return refused || isLate(j, now)
	case store.Webhook:
		return j.IsTest()
	}
	return false
}

func isLate(j *store.Job, now time.Time) bool {
	return j.Channel == store.Receipt && now.Sub(j.Made) >= lastReceipt
}

// settle writes down how an attempt failed. The code decides in few cases whether a job ends: else it is given up for its
// age alone, and never before it was tried often.
func (o *Outbox) settle(ctx context.Context, job *store.Job, lease time.Time, code event.Code) error {
	now := o.Now()
	if code == event.Code(mail.TooLarge) && job.Awaited() {
		o.raise(ctx, about{Matter: notice.TooLarge}, o.Alarms)
	}
	switch {
	case code == event.Code(mail.Stopped): // our own doing: whoever starts next may try at once
		return o.Store.Retry(ctx, job.ID, lease, now, string(code))
	case code == event.Code(changed):
		return o.bury(ctx, job, lease, code)
	case over(job, code, now):
		o.gate.forget(job.ID)
		return o.Store.Finish(ctx, job.ID, lease, string(code))
	case now.Sub(job.Made) < o.GiveUp || job.Attempts < leastAttempts:
		due := now.Add(delay(job.Attempts))
		o.gate.off(job.ID, due)
		return o.Store.Retry(ctx, job.ID, lease, due, string(code))
	}
	return o.bury(ctx, job, lease, code)
}

func (o *Outbox) bury(ctx context.Context, job *store.Job, lease time.Time, code event.Code) error {
	o.Events.Trouble("outbox", "given_up")
	if job.Awaited() || code == event.Code(changed) {
		o.givenUp(ctx) // first: an alarm too many is better than none
	}
	o.gate.forget(job.ID)
	return o.Store.GiveUp(ctx, job.ID, lease, string(code))
}
