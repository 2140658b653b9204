package server

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"sealform/internal/event"
	"sealform/internal/staff"
)

// background starts what runs beside the listeners: sweeping and purging in every process that has the store open for a
// role, sending mail in those that deliver. Wait on what it returns after ctx has ended.
func (s *Server) background(ctx context.Context) *sync.WaitGroup {
	var tasks sync.WaitGroup
	tasks.Go(func() { s.tidy(ctx) })
	if s.outbox != nil {
		tasks.Go(func() { s.outbox.Run(ctx) })
	}
	tasks.Go(func() { every(ctx, lookAtSize, func() { s.size.refresh(ctx) }) })
	return &tasks
}

// every runs a task at once and then at each interval, until ctx ends.
func every(ctx context.Context, interval time.Duration, task func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		task()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tidy runs the hourly chores, once at the start too. A chore that fails is told and tried again at its next turn.
func (s *Server) tidy(ctx context.Context) {
	last := time.Now() // monotonic, on purpose: the wall clock may jump
	every(ctx, time.Hour, func() {
		elapsed := time.Since(last)
		last = time.Now()
		s.chore(ctx, "sweep", func() error { return s.store.Sweep(ctx) })
		s.chore(ctx, "sessions", func() error {
			return s.store.SweepSessions(ctx, s.now().Add(-staff.SessionAbsolute), s.now().Add(-staff.SessionIdle))
		})
		s.chore(ctx, "purge", func() error { return s.purge(ctx, elapsed) })
		if s.pair != nil {
			_, _ = s.pair.get(nil) // looks at the files where nobody has come by for long; it never fails
		}
		debug.FreeOSMemory() // of start-up, and of what the hour brought: an idle service should be small
	})
}

func (s *Server) chore(ctx context.Context, name string, run func() error) {
	if err := run(); err != nil && ctx.Err() == nil {
		s.events.Trouble(name, event.Code("chore_failed"))
	}
}

// purge erases what each form keeps no longer, by the clock that the store has witnessed. A form that fails keeps the
// others from nothing.
func (s *Server) purge(ctx context.Context, elapsed time.Duration) error {
	witnessed, err := s.store.Witnessed(ctx, elapsed)
	if err != nil {
		return err
	}
	var failed error
	for _, f := range s.forms {
		if f.Store == nil || f.Store.Keep == 0 {
			continue
		}
		n, err := s.store.Purge(ctx, f.ID, witnessed.Add(-f.Store.Keep))
		failed = errors.Join(failed, err)
		if n > 0 {
			s.events.Purged(f.ID, n)
		}
	}
	return failed
}
