package outbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"sealform/internal/store"
)

// inDoubt bounds how many messages a kill can repeat. Between the end of a message and the commit that says it was sent,
// the relay has it and the queue does not know: who is killed there sends it again. So only so many messages may be
// there at once, and the next waits with its last line unsent.
type inDoubt struct {
	of chan struct{} // one for each that is there
	in bool
}

// enter waits until there is room, or ctx ends.
func (d *inDoubt) enter(ctx context.Context) error {
	select {
	case d.of <- struct{}{}:
		d.in = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave comes when what happened is written down.
func (d *inDoubt) leave() {
	if d.in {
		<-d.of
	}
}

// unrecorded are jobs that went out and of which the store does not know yet: from the last line of a message to the
// commit, and for as long as that fails, as on a full disk. They are not sent again by this process, whatever the store
// says, and while a commit fails nothing else is claimed: it would go the same way.
type unrecorded struct {
	jobs sync.Map // by id

	mu    sync.Mutex
	stuck int
	free  chan struct{} // closed while none is stuck
}

func newUnrecorded() *unrecorded {
	u := &unrecorded{free: make(chan struct{})}
	close(u.free)
	return u
}

func (u *unrecorded) has(job int64) bool {
	_, has := u.jobs.Load(job)
	return has
}

// stick counts one job more, or fewer, that cannot be written down.
func (u *unrecorded) stick(n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := u.stuck
	u.stuck += n
	switch {
	case before == 0 && u.stuck > 0:
		u.free = make(chan struct{})
	case before > 0 && u.stuck == 0:
		close(u.free)
	}
}

// wait waits until none is stuck; false: ctx ended.
func (u *unrecorded) wait(ctx context.Context) bool {
	u.mu.Lock()
	free := u.free
	u.mu.Unlock()
	select {
	case <-free:
		return true
	case <-ctx.Done():
		return false
	}
}

// Pauses between two tries to write down that something went out.
const (
	firstAgain = 250 * time.Millisecond
	lastAgain  = 30 * time.Second
)

// sent writes down that a job went out, for as long as it takes. It gives up when ctx ends: the process does then.
func (o *Outbox) sent(ctx context.Context, job int64) {
	o.unrecorded.jobs.Store(job, true)
	if !o.recorded(ctx, job, false) {
		o.unrecorded.stick(1)
		defer o.unrecorded.stick(-1)
		for wait := firstAgain; ; wait = min(2*wait, lastAgain) {
			o.Events.Trouble("outbox", "sent_not_noted")
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			if o.recorded(ctx, job, true) {
				break
			}
		}
	}
	o.unrecorded.jobs.Delete(job)
}

// recorded tries once. What another try may have written is looked at first.
func (o *Outbox) recorded(ctx context.Context, job int64, again bool) bool {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer cancel()
	if again {
		j, _, err := o.Store.Job(limited, job)
		if errors.Is(err, store.ErrNotFound) || err == nil && j.State == store.Sent {
			return true
		}
	}
	return o.Store.Sent(limited, job) == nil
}
