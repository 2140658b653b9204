package outbox

import (
	"cmp"
	"context"
	"sync"
	"time"

	"sealform/internal/store"
)

// lane works on some channels of the queue, at most so many jobs at once as it has slots.
type lane struct {
	*Outbox
	name     string
	channels []store.Channel
	slots    chan struct{} // one for each job under way
	nudge    chan struct{}
}

func newLane(o *Outbox, c channel) *lane {
	return &lane{o, c.lane, []store.Channel{c.name}, make(chan struct{}, cmp.Or(c.slots, o.Workers)), make(chan struct{}, 1)}
}

// run works until ctx ends, then waits for what is under way, which ends with sending at the latest.
func (l *lane) run(ctx, sending context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	for {
		n := l.take(ctx)
		if n == 0 || !l.unrecorded.wait(ctx) {
			return
		}
		lease := l.Now().Add(l.Lease)
		jobs, err := l.Store.Claim(ctx, l.channels, n, lease)
		if err != nil && ctx.Err() == nil {
			l.Events.Trouble("outbox", "claim")
		}
		for range n - len(jobs) {
			<-l.slots
		}
		for _, job := range jobs {
			under.Go(func() {
				defer func() { <-l.slots }()
				l.attempt(sending, job, lease)
			})
		}
		if len(jobs) < n {
			l.rest(ctx)
		}
	}
}

// take waits for a slot and takes all that are free: one claim then serves them all. 0: ctx ended.
func (l *lane) take(ctx context.Context) int {
	if ctx.Err() != nil {
		return 0
	}
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n := 1; ; n++ {
		select {
		case l.slots <- struct{}{}:
		default:
			return n
		}
	}
}

// rest waits for a nudge, the next look, or the end.
func (l *lane) rest(ctx context.Context) {
	select {
	case <-l.nudge:
	case <-time.After(l.Poll):
	case <-ctx.Done():
	}
}

func (o *Outbox) wakeLanes() {
	for _, l := range o.lanes {
		wake(l.nudge)
	}
}
