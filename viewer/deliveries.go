package viewer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sealform/internal/audit"
	"sealform/internal/store"
	"sealform/templates"
)

const (
	lateAfter = time.Hour // how long a message may wait before staff are told
	lateLook  = 200       // how many waiting messages are looked at for that
)

// reach is which deliveries a person may see.
type reach struct {
	forms []string // that they may open
	all   bool     // and these are all forms that there are
}

// reachOf is the one authorisation function of deliveries, and follows Staff.MayOpen.
func (d *desk) reachOf(who Staff) reach {
	var r reach
	for _, f := range d.every {
		if who.MayOpen(f) {
			r.forms = append(r.forms, f.Form.ID)
		}
	}
	r.all = len(r.forms) > 0 && len(r.forms) == len(d.every)
	return r
}

func (r reach) isEmpty() bool { return len(r.forms) == 0 }

// has: a delivery of a form is for who may open the form; one of none, an alarm or a test, for who may open some form; one of
// a form that was taken away, for who may open all that are left: somebody must see that it waits.
func (r reach) has(form string) bool {
	return r.all || form == "" && !r.isEmpty() || slices.Contains(r.forms, form)
}

// filter is what the store is asked for: the same as has says of one.
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
func (d *desk) Deliveries(ctx context.Context, who Staff, state store.JobState, before int64) (*queue, error) {
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
func (d *desk) Delivery(ctx context.Context, who Staff, at string) (*store.Job, []store.Attempt, error) {
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

// Retry makes one due at once. It gives errSpent for what is no longer kept.
func (d *desk) Retry(ctx context.Context, who Staff, at string) error {
	job, _, err := d.Delivery(ctx, who, at)
	if err != nil {
		return err
	}
	if spent(job) {
		return errSpent
	}
	if err := d.Store.Audit(ctx, who.entry(audit.ActDeliveryRetried, string(job.Channel), job.Reference)); err != nil {
		return fmt.Errorf("%w: %w", errRecord, err)
	}
	err = d.Store.RetryNow(ctx, job.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errNotFound
	case errors.Is(err, store.ErrDamaged): // purged since we looked
		return errSpent
	case err != nil:
		return fmt.Errorf("trying a delivery again: %w", err)
	}
	d.nudge()
	return nil
}

// TestHook calls a configured webhook once, with nothing about any submission, and gives the delivery's id.
func (d *desk) TestHook(ctx context.Context, who Staff, name string) (int64, error) {
	if d.reachOf(who).isEmpty() || !slices.Contains(d.Webhooks, name) {
		return 0, errNotFound
	}
	if err := d.Store.Audit(ctx, who.entry(audit.ActWebhookTested, name)); err != nil {
		return 0, fmt.Errorf("%w: %w", errRecord, err)
	}
	id, err := d.Store.Enqueue(ctx, store.Job{Channel: store.Webhook, To: name, About: `{"test":true}`})
	if err != nil {
		return 0, fmt.Errorf("testing a webhook: %w", err)
	}
	d.nudge()
	return id, nil
}

func (d *desk) nudge() {
	if d.Nudge != nil {
		d.Nudge()
	}
}

// spent: it waits no more, and its body or address is no longer there to be sent again.
func spent(j *store.Job) bool {
	if j.State == store.Waiting {
		return false
	}
	return j.Channel == store.Mail && j.Chunks == 0 || j.Channel == store.Receipt && len(j.Sealed) == 0
}

// about is what a job's small message says of itself.
type about struct {
	Test     bool `json:"test"`
	TooLarge bool `json:"too_large"`
}

// aboutOf reads it; what is not ours to understand says nothing.
func aboutOf(j *store.Job) (a about) {
	if json.Unmarshal([]byte(j.About), &a) != nil {
		return about{}
	}
	return a
}

// late says what of the person's does not get out; nil where all does. When much waits, only the newest are looked at:
// then all are told, without since when.
func (d *desk) late(ctx context.Context, who Staff) (*templates.StaffLate, error) {
	mine := d.reachOf(who)
	if mine.isEmpty() {
		return nil, nil //nolint:nilnil // nothing is late
	}
	counts, err := d.Store.JobCounts(ctx, mine.filter())
	if err != nil {
		return nil, fmt.Errorf("counting deliveries: %w", err)
	}
	l := &templates.StaffLate{GivenUp: counts[store.Dead]}
	if counts[store.Waiting] > 0 {
		if err := d.overdue(ctx, mine.filter(), counts[store.Waiting], l); err != nil {
			return nil, err
		}
	}
	if l.Count() == 0 {
		return nil, nil //nolint:nilnil // nothing is late
	}
	return l, nil
}

func (d *desk) overdue(ctx context.Context, forms []string, waiting int64, l *templates.StaffLate) error {
	now := d.Now()
	_, oldest, err := d.Store.Waiting(ctx)
	if err != nil {
		return fmt.Errorf("counting deliveries: %w", err)
	}
	if now.Sub(oldest) <= lateAfter { // not even of other forms
		return nil
	}
	if waiting > lateLook {
		l.Waiting = waiting
		return nil
	}
	jobs, err := d.Store.Jobs(ctx, store.JobFilter{State: store.Waiting, Forms: forms, Limit: lateLook})
	if err != nil {
		return fmt.Errorf("listing deliveries: %w", err)
	}
	first := now
	for _, j := range jobs {
		if now.Sub(j.Made) > lateAfter {
			l.Waiting++
		}
		if j.Made.Before(first) {
			first = j.Made
		}
	}
	if l.Waiting > 0 {
		since := d.moment(first)
		l.Since = &since
	}
	return nil
}
