package outbox

import (
	"context"
	"sync"
	"testing"
	"time"

	"sealform/internal/mail"
	"sealform/internal/store"
	"sealform/internal/webhook"
)

// taken keeps what was sent in clear, and to hooks.
type taken struct {
	mu     sync.Mutex
	notes  []*mail.Note
	events []*webhook.Event
	answer error // to the next ones
}

func (b *taken) note(_ context.Context, n *mail.Note) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notes = append(b.notes, n)
	return b.answer
}

func (b *taken) call(_ context.Context, _ string, e *webhook.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
	return b.answer
}

// work attempts all that is due, one after the other, as Run would at once. It says how many attempts those were.
func work(t *testing.T, o *Outbox) (attempts int) {
	t.Helper()
	for _, l := range o.lanes {
		for {
			lease := o.Now().Add(o.Lease)
			jobs, err := o.Store.Claim(t.Context(), l.channels, 50, lease)
			if err != nil {
				t.Fatal(err)
			}
			for _, job := range jobs {
				o.attempt(t.Context(), job, lease)
			}
			if attempts += len(jobs); len(jobs) == 0 {
				break
			}
		}
	}
	return attempts
}

// jobs lists those of a state and channel, the newest first.
func jobs(t *testing.T, s *store.Store, state store.JobState, c store.Channel) []store.Job {
	t.Helper()
	all, err := s.Jobs(t.Context(), store.JobFilter{State: state, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var of []store.Job
	for _, j := range all {
		if j.Channel == c {
			of = append(of, j)
		}
	}
	return of
}

// at moves the clock forward to a wall-clock time of the zone.
func (c *clock) to(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at.UTC()
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
