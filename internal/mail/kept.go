package mail

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// A connection carries so many messages, and waits so long for the next one. Relays have limits of their own (RFC 5321
// §4.5.3.2.7 gives a server five minutes of patience); these stay below what is usual.
const (
	mostCarried = 100
	mostRest    = 30 * time.Second
	// awake is how long a kept connection has for its first answer: somebody on the way may have forgotten it silently.
	awake = 10 * time.Second
)

// kept gives a connection that waits, now for ctx; nil: there is none.
func (r *Relay) kept(ctx context.Context) *talk {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.idle) == 0 {
		return nil
	}
	t := r.idle[len(r.idle)-1]
	r.idle = r.idle[:len(r.idle)-1]
	t.rest.Stop()
	t.ctx = ctx
	t.wire.begin(ctx)
	return t
}

// keep lets t wait for the next message. One more waits only after one less is in use, so that there are never more
// connections than messages were on their way at once. false: t is of no further use.
func (r *Relay) keep(t *talk) bool {
	if t.carried >= mostCarried || !t.wire.release() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	t.rest = time.AfterFunc(r.resting, func() { r.retire(t) })
	r.idle = append(r.idle, t)
	return true
}

// retire ends a connection that has waited long enough, unless it was taken at the same moment.
func (r *Relay) retire(t *talk) {
	r.mu.Lock()
	i := slices.Index(r.idle, t)
	if i >= 0 {
		r.idle = slices.Delete(r.idle, i, i+1)
	}
	r.mu.Unlock()
	if i >= 0 {
		t.leave()
	}
}

// Close ends the connections that wait for the next message. Messages under way are not disturbed, and later ones
// have a connection each.
func (r *Relay) Close() {
	r.mu.Lock()
	idle := r.idle
	r.idle, r.closed = nil, true
	r.mu.Unlock()
	var under sync.WaitGroup
	for _, t := range idle {
		t.rest.Stop()
		under.Go(t.leave)
	}
	under.Wait()
}

// stale says that a kept connection was at fault, not the message, and that nothing of the message was sent: the relay
// hung up meanwhile, or will take no more on this connection. A fresh one may try at once.
func (t *talk) stale(err error) bool {
	var e *Error
	if t.carried == 0 || t.ctx.Err() != nil || !errors.As(err, &e) {
		return false
	}
	switch e.Step {
	case stepReset:
		return true
	case stepMail:
		return e.Code == Cut || strings.HasPrefix(string(e.Code), temporary)
	case stepRcpt, stepData:
		return e.Code == Cut || e.Code == temporary+"421"
	}
	return false
}
