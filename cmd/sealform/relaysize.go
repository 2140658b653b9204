package main

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// lookAtSize is how old a process's knowledge of the relay's size may be, and when what could not be noted is tried again.
	lookAtSize = 30 * time.Second
	// leastSize is below what any relay takes (RFC 5321 §4.5.3.1.7 wants 64 KiB of all): a smaller one is a slip in its
	// configuration, and would turn away every upload.
	leastSize = 64 << 10
)

// relaySize is how large a message the relay takes, as the store has it (0: not known, or it names none), and what was
// learned from the relay and is not in the store yet.
type relaySize struct {
	known   atomic.Int64
	unnoted atomic.Pointer[int64] // nil: nothing
}

// sized takes what the relay says, and notes it for this process and for those that only take answers in.
func (h *house) sized(n int64) {
	switch {
	case n > 0 && n < leastSize:
		h.events.Trouble("relay", "size_too_small") // what was known before holds
	case n != h.relaySize.known.Load():
		h.relaySize.unnoted.Store(&n)
		h.noteSize(context.Background())
	}
}

// noteSize writes down what is not noted yet. What can't be written is tried again: the relay does not say it twice.
func (h *house) noteSize(ctx context.Context) {
	n := h.relaySize.unnoted.Load()
	if n == nil {
		return
	}
	if err := h.store.SetRelaySize(ctx, *n); err != nil {
		h.events.Trouble("relay", "size_not_noted")
		return
	}
	h.relaySize.known.Store(*n)
	h.relaySize.unnoted.CompareAndSwap(n, nil)
}

// followRelay keeps what this process knows of the relay fresh, from the store, where those that deliver note it. Intake
// itself calls nobody.
func (h *house) followRelay(ctx context.Context) {
	tick := time.NewTicker(lookAtSize)
	defer tick.Stop()
	for {
		h.lookAtRelay(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (h *house) lookAtRelay(ctx context.Context) {
	h.noteSize(ctx)
	if n, err := h.store.RelaySize(ctx); err == nil {
		h.relaySize.known.Store(n)
	}
}
