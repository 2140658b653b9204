package viewer

import (
	"context"
	"fmt"
	"slices"

	"sealform/internal/audit"
	"sealform/internal/staff"
	"sealform/internal/store"
)

// TestHook calls a configured webhook once, with nothing about any submission, and gives the delivery's id: that of the
// test that still waits, where there is one.
func (d *desk) TestHook(ctx context.Context, who staff.Staff, name string) (int64, error) {
	if d.reachOf(who).isEmpty() || !slices.Contains(d.Webhooks, name) {
		return 0, errNotFound
	}
	defer d.turns.Take("webhook " + name)()
	if id, err := d.waitingTest(ctx, name); id != 0 || err != nil {
		return id, err
	}
	if err := d.Sessions.Record(ctx, who.Entry(audit.ActWebhookTested, name)); err != nil {
		return 0, err
	}
	id, err := d.Store.Enqueue(ctx, store.Job{Channel: store.Webhook, To: name, About: store.AboutTest})
	if err != nil {
		return 0, fmt.Errorf("testing a webhook: %w", err)
	}
	d.Nudge()
	return id, nil
}

// mostTests is how many of the newest waiting deliveries of no form are searched for a test.
const mostTests = 1000

// waitingTest finds a webhook's test that waits; 0: there is none.
func (d *desk) waitingTest(ctx context.Context, name string) (id int64, err error) {
	jobs, err := d.Store.Jobs(ctx, store.JobFilter{State: store.Waiting, Forms: []string{""}, Limit: mostTests})
	if err != nil {
		return 0, fmt.Errorf("listing deliveries: %w", err)
	}
	for i := range jobs {
		if j := &jobs[i]; j.IsTest() && j.To == name && !j.Changed {
			id = j.ID
		}
	}
	return id, nil
}
