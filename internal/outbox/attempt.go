package outbox

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"sealform/internal/event"
	"sealform/internal/mail"
	"sealform/internal/notice"
	"sealform/internal/store"
)

// settling is how long the store may take to write down how an attempt ended.
const settling = 15 * time.Second

// attempt sends one job, leased until lease, and writes down how it went. If that cannot be written, the lease decides.
func (o *Outbox) attempt(ctx context.Context, job store.Job, lease time.Time) {
	limited, cancel := context.WithTimeout(ctx, o.Attempt)
	doubt := &doubt{of: o.doubts}
	defer doubt.leave()
	var held sync.WaitGroup
	held.Go(func() { lease = o.hold(limited, job.ID, lease) })
	err := o.send(limited, &job, doubt.enter)
	cancel()
	held.Wait()
	code := codeOf(err)
	if job.Channel != store.Webhook {
		o.reached(code)
	}
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer cancel()
	if err := o.settle(settle, &job, lease, code); err != nil {
		o.Events.Trouble("outbox", "settle")
	}
	o.Events.Mailed(job.ID, job.Attempts+1, code)
}

// ok is the code of an attempt that went well.
const ok event.Code = "ok"

// settle writes down how an attempt ended. The code never decides whether a job is given up, its age alone does.
func (o *Outbox) settle(ctx context.Context, job *store.Job, lease time.Time, code event.Code) error {
	now := o.Now()
	if code == event.Code(mail.TooLarge) {
		o.raise(ctx, about{Matter: notice.TooLarge}, o.Alarms)
	}
	switch {
	case code == ok:
		return o.Store.Sent(ctx, job.ID)
	case code == event.Code(mail.Stopped): // our own doing: whoever starts next may try at once
		return o.Store.Retry(ctx, job.ID, lease, now, string(code))
	case now.Sub(job.Made) < o.GiveUp:
		return o.Store.Retry(ctx, job.ID, lease, now.Add(delay(job.Attempts)), string(code))
	}
	o.Events.Trouble("outbox", "given-up")
	if job.Channel != store.Alarm { // an alarm about an alarm would go the same way
		o.givenUp(ctx) // first: an alarm too many is better than none
	}
	return o.Store.Bury(ctx, job.ID, lease, string(code))
}

// hold renews the job's lease until ctx ends, and gives the one then held. A renewal that fails is told and tried again:
// two more come before the lease runs out, and after that the message may go out twice, under the same Message-ID.
func (o *Outbox) hold(ctx context.Context, job int64, lease time.Time) time.Time {
	tick := time.NewTicker(o.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return lease
		case <-tick.C:
			next := o.Now().Add(o.Lease)
			if err := o.extend(ctx, job, lease, next); err != nil {
				o.Events.Trouble("outbox", "extend")
				continue
			}
			lease = next
		}
	}
}

// extend goes on when ctx ends: whether it was written must be known.
func (o *Outbox) extend(ctx context.Context, job int64, lease, next time.Time) error {
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer cancel()
	return o.Store.Extend(settle, job, lease, next)
}

// delays are what follows the first, second, … attempt; the last one repeats.
var delays = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

// delay says how long to wait after an attempt that so many came before.
func delay(before int) time.Duration {
	d := delays[min(max(before, 0), len(delays)-1)]
	return d - d/5 + jitter(2*d/5)
}

// jitter draws evenly from 0 to most. Without randomness it gives the middle: late mail is better than none.
func jitter(most time.Duration) time.Duration {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return most / 2
	}
	return time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(most+1)) //nolint:gosec // positive, below most
}
