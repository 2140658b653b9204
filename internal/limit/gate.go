package limit

import (
	"context"
	"errors"
	"runtime"
	"time"
)

// ErrBusy means that the gate's queue is full, or that the wait was too long.
var ErrBusy = errors.New("too much is being asked at once")

// Gate lets a few run at a time. It is safe for use by many goroutines. What runs inside is taken to leave much memory
// behind, as a password hash does: it is collected before the next may enter, so that a flood holds what runs and not
// twice as much, which is what the collector would let grow.
type Gate struct {
	inside chan struct{} // one token for each that runs
	queue  chan struct{} // one token for each that runs or waits
	wait   time.Duration
}

// NewGate makes a gate for running at once and queue waiting, each at most wait.
func NewGate(running, queue int, wait time.Duration) *Gate {
	return &Gate{make(chan struct{}, running), make(chan struct{}, running+queue), wait}
}

// Enter returns when the caller may run; leave must be called once, at the end. The
// error is ErrBusy or the context's own.
func (g *Gate) Enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.queue <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	t := time.NewTimer(g.wait)
	defer t.Stop()
	select {
	case g.inside <- struct{}{}:
		return g.leave, nil
	case <-t.C:
		err = ErrBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	<-g.queue
	return nil, err
}

func (g *Gate) leave() {
	runtime.GC()
	<-g.inside
	<-g.queue
}
