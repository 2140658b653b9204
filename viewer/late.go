package viewer

import (
	"context"
	"fmt"
	"time"

	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/templates"
)

const (
	lateAfter = time.Hour   // how long a message may wait before staff are told
	ahead     = time.Minute // how far the clocks of two machines may be apart
	lookPage  = 200
	lookMost  = 1000 // how many deliveries in a state are looked at for what staff are told
)

// matters: that it waits or was given up is worth telling. A visitor's receipt, an alarm and a test are not: they are
// listed, and no answers of anybody hang on them.
func matters(j *store.Job) bool {
	switch j.Channel {
	case store.Receipt, store.Alarm:
		return false
	case store.Webhook:
		return !isTest(j)
	}
	return true
}

// late says what of the person's does not get out; nil where all does.
func (h *handlers) late(ctx context.Context, who staff.Staff) (*templates.StaffLate, error) {
	mine := h.desk.reachOf(who)
	if mine.isEmpty() {
		return nil, nil //nolint:nilnil // nothing is late
	}
	counts, err := h.desk.Store.JobCounts(ctx, mine.filter())
	if err != nil {
		return nil, fmt.Errorf("counting deliveries: %w", err)
	}
	l := &templates.StaffLate{}
	if counts[store.Dead] > 0 {
		looked, err := h.desk.look(ctx, store.Dead, mine.filter(), func(j *store.Job) {
			if matters(j) {
				l.GivenUp++
			}
		})
		if err != nil {
			return nil, err
		}
		l.GivenUp += max(0, counts[store.Dead]-looked)
	}
	if counts[store.Waiting] > 0 {
		if err := h.overdue(ctx, mine.filter(), counts[store.Waiting], l); err != nil {
			return nil, err
		}
	}
	if l.Count() == 0 {
		return nil, nil //nolint:nilnil // nothing is late
	}
	return l, nil
}

// overdue adds what has waited for long. What was made ahead of the clock counts too, as nobody knows since when it waits.
// When very much waits, the rest is told with it, without since when.
func (h *handlers) overdue(ctx context.Context, forms []string, waiting int64, l *templates.StaffLate) error {
	now := h.desk.Now()
	first := now
	looked, err := h.desk.look(ctx, store.Waiting, forms, func(j *store.Job) {
		if !matters(j) || now.Sub(j.Made) <= lateAfter && j.Made.Sub(now) <= ahead {
			return
		}
		l.Waiting++
		if j.Made.Before(first) {
			first = j.Made
		}
	})
	switch {
	case err != nil:
		return err
	case waiting > looked:
		return h.rest(ctx, now, waiting-looked, l)
	case first.Before(now):
		since := h.moment(first)
		l.Since = &since
	}
	return nil
}

// rest counts what was not looked at: the oldest of all that waits, so late if any of it is.
func (h *handlers) rest(ctx context.Context, now time.Time, n int64, l *templates.StaffLate) error {
	all, oldest, err := h.desk.Store.Waiting(ctx)
	if err != nil {
		return fmt.Errorf("counting deliveries: %w", err)
	}
	if now.Sub(oldest) > lateAfter {
		l.Waiting = max(l.Waiting, min(l.Waiting+n, all))
	}
	return nil
}

// look shows each delivery in that state, of those forms, the newest first and not more than lookMost; it gives how many.
func (d *desk) look(ctx context.Context, state store.JobState, forms []string, at func(*store.Job)) (n int64, err error) {
	f := store.JobFilter{State: state, Forms: forms, Limit: lookPage}
	for n < lookMost {
		jobs, err := d.Store.Jobs(ctx, f)
		if err != nil {
			return n, fmt.Errorf("listing deliveries: %w", err)
		}
		for i := range jobs {
			at(&jobs[i])
		}
		n += int64(len(jobs))
		if len(jobs) < lookPage {
			break
		}
		f.Before = jobs[len(jobs)-1].ID
	}
	return n, nil
}
