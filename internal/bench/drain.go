package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"sealform/internal/secrets"
	"sealform/internal/store"
)

// waiting is how many messages have gathered while the relay was away.
const waiting = 10_000

// drain fills the service's own database with messages that were refused and are due in an hour, starts the service beside a
// mail server that answers again, and prints how long it takes until that has them all, and how the memory grows meanwhile.
func (b *bench) drain(ctx context.Context) error {
	h, err := buildClinic(filepath.Join(b.dir, "drain"))
	if err != nil {
		return err
	}
	s, err := b.sink(ctx, h)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := h.mailTo(s.address); err != nil {
		return err
	}
	if err := b.gather(ctx, h); err != nil {
		return err
	}
	began := time.Now()
	p, err := b.serve(ctx, h, "deliver")
	if err != nil {
		return err
	}
	defer p.stop()
	before, highest, stop := p.rss(), make(chan float64, 1), make(chan struct{})
	go func() { highest <- p.highest(stop) }()
	err = s.await(waiting)
	took := time.Since(began)
	close(stop)
	fmt.Printf("drain   %d waiting messages of 2KB: %.0fs, %.0f/s, cpu=%.0fµs a message, rss_growth=%.1fMiB\n",
		waiting, took.Seconds(), waiting/took.Seconds(), float64(p.cpu().Microseconds())/waiting, <-highest-before)
	return err
}

// gather seals and keeps them, as intake does while nothing can be delivered.
func (b *bench) gather(ctx context.Context, h *clinic) error {
	own, err := secrets.Load(filepath.Join(h.dir, "secrets"), service)
	if err != nil {
		return err
	}
	p, err := h.postal(ctx, store.Config{
		Path: filepath.Join(h.dir, "data", "sealform.db"), HeadFile: filepath.Join(h.dir, "data", "audit.head"), Service: service,
		LeafKey: own.Key("leaf"), AuditKey: own.Key("audit"), Now: time.Now, MinFree: 1,
	})
	if err != nil {
		return err
	}
	return errors.Join(p.fill(ctx, waiting, func() {}), p.refused(ctx), p.Close())
}

// refused puts every message off for an hour, as attempts at a relay that is away do.
func (p *postal) refused(ctx context.Context) error {
	var at errgroup
	for {
		lease := time.Now().Add(time.Hour)
		jobs, err := p.Claim(ctx, []store.Channel{store.Mail}, 500, lease)
		if err != nil || len(jobs) == 0 {
			return err
		}
		for i := range jobs {
			at.do(func() error { return p.Retry(ctx, jobs[i].ID, lease, time.Now().Add(time.Hour), "refused") })
		}
		if err := at.wait(); err != nil {
			return err
		}
	}
}

// errgroup runs what can share a commit, and gives the errors together.
type errgroup struct {
	all sync.WaitGroup
	mu  sync.Mutex
	err error
}

func (g *errgroup) do(run func() error) {
	g.all.Go(func() {
		err := run()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.err = errors.Join(g.err, err)
	})
}

func (g *errgroup) wait() error {
	g.all.Wait()
	return g.err
}
