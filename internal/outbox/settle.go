package outbox

import (
	"context"
	"time"

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

// settle writes down how an attempt failed. The code decides in few cases whether a job ends: else it is given up for its
// age alone, and never before it was tried often.
func (o *Outbox) settle(ctx context.Context, job *store.Job, lease time.Time, code mail.Code) error {
	now := o.Now()
	if code == mail.TooLarge && job.Awaited() {
		o.raise(ctx, about{Matter: notice.TooLarge}, o.Alarms)
	}
	switch {
	case code == mail.Stopped: // our own doing: whoever starts next may try at once
		return o.Store.Retry(ctx, job.ID, lease, now, string(code))
	case code == changed:
		return o.giveUp(ctx, job, lease, code)
	case o.ended(job, code, now):
		o.relay.forget(job.ID)
		return o.Store.Finish(ctx, job.ID, lease, string(code))
	case now.Sub(job.Made) < o.GiveUp || job.Attempts < leastAttempts:
		due := now.Add(delay(job.Attempts))
		o.relay.postponed(job.ID, due)
		return o.Store.Retry(ctx, job.ID, lease, due, string(code))
	}
	return o.giveUp(ctx, job, lease, code)
}

func (o *Outbox) giveUp(ctx context.Context, job *store.Job, lease time.Time, code mail.Code) error {
	o.Events.Trouble("outbox", "given_up")
	if job.Awaited() || code == changed {
		o.givenUp(ctx) // first: an alarm too many is better than none
	}
	o.relay.forget(job.ID)
	return o.Store.GiveUp(ctx, job.ID, lease, string(code))
}
