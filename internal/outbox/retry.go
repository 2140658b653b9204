package outbox

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"time"

	"sealform/internal/mail"
	"sealform/internal/notice"
	"sealform/internal/store"
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
		return o.Store.End(ctx, job.ID, lease, string(code))
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

// delays are the times from a failed attempt to the next, after the first, second, … one; the last one repeats.
var delays = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

// delay says how long to wait after an attempt that so many came before.
func delay(before int) time.Duration {
	d := delays[min(max(before, 0), len(delays)-1)]
	return d - d/5 + jitter(2*d/5)
}

// jitter draws evenly from 0 to most.
func jitter(most time.Duration) time.Duration {
	var b [8]byte
	_, _ = rand.Read(b[:])                                               // never fails
	return time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(most+1)) //nolint:gosec // positive, below most
}
