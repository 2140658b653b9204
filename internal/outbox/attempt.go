package outbox

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"sealform/internal/event"
	"sealform/internal/mail"
	"sealform/internal/store"
)

// settling is how long the store may take to write down how an attempt ended.
const settling = 15 * time.Second

// attempt sends one job, leased until lease, and writes down how it went. If that cannot be written, the lease decides.
func (o *Outbox) attempt(ctx context.Context, job store.Job, lease time.Time) {
	if o.unrecorded.has(job.ID) {
		return // its lease ran out while that it went could not be written down
	}
	doubt := &inDoubt{of: o.doubts}
	defer doubt.leave()
	code, again := o.spare(&job)
	if code == "" {
		code, lease = o.call(ctx, &job, lease, doubt.enter)
	}
	if code == ok {
		o.relay.forget(job.ID)
		o.sent(ctx, job.ID)
		o.Events.Mailed(job.ID, job.Attempts+1, event.Code(code))
		return
	}
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer cancel()
	var err error
	if again.IsZero() || job.Attempts == 0 { // each shows once why
		err = o.settle(settle, &job, lease, code)
		o.Events.Mailed(job.ID, job.Attempts+1, event.Code(code))
	} else {
		o.relay.postponed(job.ID, again)
		err = o.Store.Postpone(settle, job.ID, lease, again)
	}
	if err != nil {
		o.Events.Trouble("outbox", "settle")
	}
}

// spare gives the code of an attempt that need not be made, "" for one that is; and of one that the gate holds back, when
// it is due again.
func (o *Outbox) spare(job *store.Job) (code mail.Code, again time.Time) {
	now := o.Now()
	switch {
	case job.Changed:
		return changed, again
	case o.expired(job, now):
		return tooLate, again
	case !o.channels[job.Channel].relay:
		return "", again
	}
	return o.relay.pass(job, now)
}

// call makes the attempt. It gives the lease as it stands then.
func (o *Outbox) call(ctx context.Context, job *store.Job, lease time.Time, last mail.Last) (mail.Code, time.Time) {
	limited, cancel := context.WithTimeout(ctx, o.Attempt)
	var held sync.WaitGroup
	held.Go(func() { lease = o.hold(limited, job.ID, lease) })
	err := o.send(limited, job, last)
	cancel()
	held.Wait()
	code := codeOf(err)
	if o.channels[job.Channel].relay {
		o.reached(code, false)
	}
	return code, lease
}

// ok is the code of an attempt that went well.
const ok mail.Code = "ok"

// hold renews the job's lease until ctx ends, and gives the one then held. A renewal that fails is told and tried again:
// two more come before the lease runs out, and after that the message may go out twice, under the same Message-ID. One
// that is under way when ctx ends goes on: whether it was written must be known.
func (o *Outbox) hold(ctx context.Context, job int64, lease time.Time) time.Time {
	tick := time.NewTicker(o.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return lease
		case <-tick.C:
			next := o.Now().Add(o.Lease)
			settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settling)
			err := o.Store.Extend(settle, job, lease, next)
			if cancel(); err != nil {
				o.Events.Trouble("outbox", "extend")
				continue
			}
			lease = next
		}
	}
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
