package viewer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"sealform/internal/staff"
	"sealform/internal/store"
)

// reach is which deliveries a person may see.
type reach struct {
	forms []string // that they may open
	all   bool     // and these are all forms that there are
}

// reachOf is the one authorisation function of deliveries, and follows staff.Staff.MayOpen.
func (d *desk) reachOf(who staff.Staff) reach {
	var r reach
	for _, f := range d.Forms {
		if who.MayOpen(f.Readers) {
			r.forms = append(r.forms, f.Form.ID)
		}
	}
	r.all = len(r.forms) > 0 && len(r.forms) == len(d.Forms)
	return r
}

func (r reach) isEmpty() bool { return len(r.forms) == 0 }

// has tells whether a delivery may be seen: one of a form is for who may open the form; one of none, an alarm or a test, for
// who may open some form; one of a form that was taken away, for who may open all that are left: somebody must see that it
// waits.
func (r reach) has(form string) bool {
	return r.all || form == "" && !r.isEmpty() || slices.Contains(r.forms, form)
}

// filter is the list of forms for the store: the same deliveries for which has is true.
func (r reach) filter() []string {
	if r.all {
		return nil
	}
	return append([]string{""}, r.forms...)
}

// queue is a page of the deliveries.
type queue struct {
	rows   []store.Job
	more   bool
	counts map[store.JobState]int64
}

// Deliveries lists what is in that state, of all forms that the person may open, older than the id before.
func (d *desk) Deliveries(ctx context.Context, who staff.Staff, state store.JobState, before int64) (*queue, error) {
	forms := d.reachOf(who)
	if forms.isEmpty() {
		return nil, errNoKey
	}
	q := &queue{}
	var err error
	if q.rows, err = d.Store.Jobs(ctx, store.JobFilter{State: state, Forms: forms.filter(), Before: before, Limit: pageRows + 1}); err != nil {
		return nil, fmt.Errorf("listing deliveries: %w", err)
	}
	if q.more = len(q.rows) > pageRows; q.more {
		q.rows = q.rows[:pageRows]
	}
	if q.counts, err = d.Store.JobCounts(ctx, forms.filter()); err != nil {
		return nil, fmt.Errorf("counting deliveries: %w", err)
	}
	return q, nil
}

// Delivery gives one, by the part of an address that stands for it, and what was tried. What the person may not see is
// not there.
func (d *desk) Delivery(ctx context.Context, who staff.Staff, at string) (*store.Job, []store.Attempt, error) {
	id, ok := d.jobs.OpenID(at)
	if !ok {
		return nil, nil, errNotFound
	}
	job, log, err := d.Store.Job(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, errNotFound
	}
	if err != nil {
		return nil, nil, fmt.Errorf("finding a delivery: %w", err)
	}
	if !d.reachOf(who).has(job.Form) {
		return nil, nil, errNotFound
	}
	return job, log, nil
}

// about holds the facts in a job's small message.
type about struct {
	TooLarge bool `json:"too_large"`
}

// aboutOf reads it; what is not ours to understand says nothing.
func aboutOf(j *store.Job) (a about) {
	if json.Unmarshal([]byte(j.About), &a) != nil {
		return about{}
	}
	return a
}
