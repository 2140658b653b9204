package outbox

import (
	"context"
	"sync"
	"time"

	"sealform/internal/event"
	"sealform/internal/mail"
	"sealform/internal/store"
)

// Codes of attempts that called nobody, beside those of package mail.
const (
	changed       mail.Code = "changed"        // somebody wrote into the database: it is given up at once
	notConfigured mail.Code = "not_configured" // to an address, or about a key, that the configuration does not name any more
	ownAddress    mail.Code = "own_address"    // of a receipt: a visitor typed an address of this service's own
	tooLate       mail.Code = "too_late"       // of a receipt: a day has passed
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

// spare gives the code of an attempt that need not be made, "" for one that is; and of one that waits while the relay refuses, when
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
