package server

import (
	"context"
	"sync/atomic"
	"time"

	"sealform/internal/event"
	"sealform/internal/store"
)

const (
	// lookAtSize is how old a process's knowledge of the relay's size may be, and when a size that could not be stored is
	// tried again.
	lookAtSize = 30 * time.Second
	// leastSize is below what any relay takes (RFC 5321 §4.5.3.1.7 wants 64 KiB of all): a smaller one is a slip in its
	// configuration, and would turn away every upload.
	leastSize = 64 << 10
)

// relaySize is the largest message that the relay takes, in bytes. Processes that deliver learn it from the relay and store
// it; those that only take answers in read it from the store, as intake calls nobody.
type relaySize struct {
	store    *store.Store
	events   *event.Log
	stored   atomic.Int64          // 0: not known, or the relay names none
	unstored atomic.Pointer[int64] // learned from the relay and not in the store yet; nil: nothing
}

// newRelaySize begins with the size that is stored.
func newRelaySize(ctx context.Context, st *store.Store, events *event.Log) (*relaySize, error) {
	n, err := st.RelaySize(ctx)
	if err != nil {
		return nil, err
	}
	r := &relaySize{store: st, events: events}
	r.stored.Store(n)
	return r, nil
}

// learn takes what the relay says.
func (r *relaySize) learn(n int64) {
	switch {
	case n > 0 && n < leastSize:
		r.events.Trouble("relay", "size_too_small") // what was known before holds
	case n != r.stored.Load():
		r.unstored.Store(&n)
		r.write(context.Background())
	}
}

// write stores what is not stored yet. A size that can't be written is tried again: the relay does not say it twice.
func (r *relaySize) write(ctx context.Context) {
	n := r.unstored.Load()
	if n == nil {
		return
	}
	if err := r.store.SetRelaySize(ctx, *n); err != nil {
		r.events.Trouble("relay", "size_not_noted")
		return
	}
	r.stored.Store(*n)
	r.unstored.CompareAndSwap(n, nil)
}

// refresh takes what other processes stored, after what this one has not stored yet.
func (r *relaySize) refresh(ctx context.Context) {
	r.write(ctx)
	if n, err := r.store.RelaySize(ctx); err == nil {
		r.stored.Store(n)
	}
}
