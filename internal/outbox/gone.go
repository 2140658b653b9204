package outbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"sealform/internal/store"
)

// gone are jobs that went out and of which the store does not know yet: of the last line of a message until the commit,
// and for as long as that fails, as on a full disk. They are not sent again by this process, whatever the store says, and
// while a commit fails nothing else is claimed: it would go the same way.
type gone struct {
	mu    sync.Mutex
	jobs  map[int64]bool
	stuck int
	free  chan struct{} // closed while none is stuck
}

func newGone() *gone {
	g := &gone{jobs: map[int64]bool{}, free: make(chan struct{})}
	close(g.free)
	return g
}

func (g *gone) add(job int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.jobs[job] = true
}

func (g *gone) has(job int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.jobs[job]
}

func (g *gone) remove(job int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.jobs, job)
}

// stick counts one job more, or fewer, that cannot be written down.
func (g *gone) stick(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.stuck
	g.stuck += n
	switch {
	case before == 0 && g.stuck > 0:
		g.free = make(chan struct{})
	case before > 0 && g.stuck == 0:
		close(g.free)
	}
}

// wait waits until none is stuck; false: ctx ended.
func (g *gone) wait(ctx context.Context) bool {
	g.mu.Lock()
	free := g.free
	g.mu.Unlock()
	select {
	case <-free:
		return true
	case <-ctx.Done():
		return false
	}
}

// What lies between two tries to write down that something went out.
const (
	firstAgain = 250 * time.Millisecond
	lastAgain  = 30 * time.Second
)

// sent writes down that a job went out, for as long as it takes. It gives up when ctx ends: the process does then.
func (o *Outbox) sent(ctx context.Context, job int64) {
	o.gone.add(job)
	if o.noted(ctx, job, false) {
		o.gone.remove(job)
		return
	}
	o.gone.stick(1)
	defer o.gone.stick(-1)
	for wait := firstAgain; ; wait = min(2*wait, lastAgain) {
		o.Events.Trouble("outbox", "sent_not_noted")
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if o.noted(ctx, job, true) {
			o.gone.remove(job)
			return
		}
	}
}

// noted tries once. What another try may have written is looked at first.
func (o *Outbox) noted(ctx context.Context, job int64, again bool) bool {
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
