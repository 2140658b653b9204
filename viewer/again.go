package viewer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sealform/internal/audit"
	"sealform/internal/staff"
	"sealform/internal/store"
)

// Bounds of sending again what went out already. Each time, somebody gets the same message once more.
const (
	againAfter = 2 * time.Minute
	againDaily = 5
)

// Retry makes a delivery due at once. What is due already stays as it is, and nothing is put on record; errChanged, errSpent,
// errSoon and errOften are for what cannot be sent now.
func (d *desk) Retry(ctx context.Context, who staff.Staff, at string) error {
	defer d.turns.Take("delivery " + at)() // two clicks are not to count as one
	job, log, err := d.Delivery(ctx, who, at)
	if err != nil {
		return err
	}
	if err := d.mayAgain(job, log); err != nil {
		return err
	}
	if d.hasTurn(job) {
		return nil
	}
	if err := d.change(ctx, who, job, audit.ActDeliveryRetried, d.Store.RetryNow); err != nil {
		return err
	}
	d.Nudge()
	return nil
}

// PutAside takes a delivery that was given up, and that somebody has seen to, out of what staff are told of. The error is
// errNotGivenUp for a delivery that is not given up any more.
func (d *desk) PutAside(ctx context.Context, who staff.Staff, at string) error {
	job, _, err := d.Delivery(ctx, who, at)
	if err != nil {
		return err
	}
	if job.State != store.Dead {
		return errNotGivenUp
	}
	return d.change(ctx, who, job, audit.ActDeliveryPutAside, d.Store.PutAside)
}

// change puts an act on record, does it to a delivery, and gives the error for what became of the delivery since it was read.
func (d *desk) change(ctx context.Context, who staff.Staff, job *store.Job, act string, do func(context.Context, int64) error) error {
	if err := d.Sessions.Record(ctx, who.Entry(act, string(job.Channel), job.Reference)); err != nil {
		return err
	}
	err := do(ctx, job.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errNotFound
	case errors.Is(err, store.ErrDamaged): // purged meanwhile
		return errSpent
	case errors.Is(err, store.ErrNotGivenUp): // tried again meanwhile
		return errNotGivenUp
	case err != nil:
		return fmt.Errorf("changing a delivery: %w", err)
	}
	return nil
}

// hasTurn: it is due, so an attempt is under way or comes by itself within seconds. To hurry it would change nothing.
func (d *desk) hasTurn(j *store.Job) bool {
	return j.State == store.Waiting && !j.Due.After(d.Now())
}

// mayAgain says why a delivery can't be sent now; nil where it can.
func (d *desk) mayAgain(j *store.Job, log []store.Attempt) error {
	now := d.Now()
	switch ago := now.Sub(j.Ended); {
	case j.Changed:
		return errChanged
	case spent(j):
		return errSpent
	case j.State != store.Sent:
		return nil
	case ago >= 0 && ago < againAfter:
		return errSoon
	case copies(log, now.AddDate(0, 0, -1)) >= againDaily:
		return errOften
	}
	return nil
}

// copies counts how often it went out after that, its first time not among them.
func copies(log []store.Attempt, after time.Time) (n int) {
	first := true
	for _, a := range log {
		if a.Code != "ok" {
			continue
		}
		if !first && a.At.After(after) {
			n++
		}
		first = false
	}
	return n
}

// spent tells whether a delivery waits no more and its body or address is no longer there to be sent again.
func spent(j *store.Job) bool {
	if j.State == store.Waiting {
		return false
	}
	return j.Channel == store.Mail && j.Chunks == 0 || j.Channel == store.Receipt && len(j.Sealed) == 0
}
