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
	"sealform/keys"
)

// settling is how long the store may take to write down how an attempt ended.
const settling = 15 * time.Second

// attempt sends one job, leased until lease, and writes down how it went. If that cannot be written, the lease decides.
func (o *Outbox) attempt(ctx context.Context, job store.Job, lease time.Time) {
	limited, cancel := context.WithTimeout(ctx, o.Attempt)
	var held sync.WaitGroup
	held.Go(func() { lease = o.hold(limited, job.ID, lease) })
	err := o.send(limited, job)
	cancel()
	held.Wait()
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer cancel()
	code := event.Code("ok")
	if err == nil {
		err = o.Store.Sent(settle, job.ID)
	} else {
		code = event.Code(mail.CodeOf(err))
		err = o.Store.Retry(settle, job.ID, lease, o.Now().Add(o.delay(job.Attempts, code)), string(code))
	}
	if err != nil {
		o.Events.Trouble("outbox", "settle")
	}
	o.Events.Mailed(job.ID, job.Attempts+1, code)
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

func (o *Outbox) send(ctx context.Context, job store.Job) error {
	return o.Send(ctx, &mail.Message{
		From:      o.From,
		To:        job.To,
		MessageID: job.MessageID,
		Date:      job.Received,
		Form:      job.Form,
		Seq:       job.Seq,
		Size:      job.Size,
		Open: func() (keys.SealedStream, error) {
			return keys.ReadSealed(o.Store.Message(ctx, job.Upload, job.Chunks))
		},
	})
}

// delays are what follows the first, second, … attempt; the last one repeats for ever.
var delays = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

// delay says how long to wait after an attempt that so many came before.
func (o *Outbox) delay(before int, code event.Code) time.Duration {
	if code == event.Code(mail.Stopped) {
		return 0 // our own doing: whoever starts next may try at once
	}
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
