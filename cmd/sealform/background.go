package main

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"sealform/internal/event"
	"sealform/internal/staff"
)

// background starts what runs beside the doors: sweeping and purging in every process that has the store open for a
// role, sending mail in those that deliver. Wait on what it returns after ctx has ended.
func (h *house) background(ctx context.Context) *sync.WaitGroup {
	var tasks sync.WaitGroup
	tasks.Go(func() { h.tidy(ctx) })
	if h.outbox != nil {
		tasks.Go(func() { h.outbox.Run(ctx) })
	}
	tasks.Go(func() { h.followRelay(ctx) })
	return &tasks
}

// tidy runs the hourly chores, once at the start too. A chore that fails is told and tried again at its next turn.
func (h *house) tidy(ctx context.Context) {
	last := time.Now() // monotonic, on purpose: the wall clock may jump
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		elapsed := time.Since(last)
		last = time.Now()
		h.chore(ctx, "sweep", func() error { return h.store.Sweep(ctx) })
		h.chore(ctx, "sessions", func() error {
			return h.store.SweepSessions(ctx, h.now().Add(-staff.SessionAbsolute), h.now().Add(-staff.SessionIdle))
		})
		h.chore(ctx, "purge", func() error { return h.purge(ctx, elapsed) })
		if h.pair != nil {
			_, _ = h.pair.get(nil) // looks at the files where nobody has come by for long; it never fails
		}
		debug.FreeOSMemory() // of start-up, and of what the hour brought: an idle service should be small
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (h *house) chore(ctx context.Context, name string, run func() error) {
	if err := run(); err != nil && ctx.Err() == nil {
		h.events.Trouble(name, event.Code("chore_failed"))
	}
}

// purge erases what each form keeps no longer, by the clock that the store has witnessed. A form that fails keeps the
// others from nothing.
func (h *house) purge(ctx context.Context, elapsed time.Duration) error {
	witnessed, err := h.store.Witnessed(ctx, elapsed)
	if err != nil {
		return err
	}
	var failed error
	for _, f := range h.forms {
		if f.Store == nil || f.Store.Keep == 0 {
			continue
		}
		n, err := h.store.Purge(ctx, f.ID, witnessed.Add(-f.Store.Keep))
		failed = errors.Join(failed, err)
		if n > 0 {
			h.events.Purged(f.ID, n)
		}
	}
	return failed
}
