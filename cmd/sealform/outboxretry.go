package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/hint"
	"sealform/internal/store"
	"sealform/internal/text"
)

func (p *program) outboxRetry(ctx context.Context, o *operator, c *cli.Command) error {
	switch n := c.Args().Len(); {
	case c.Bool("dead") && n > 0:
		return usagef(c, "outbox retry takes an ID or --dead, not both")
	case c.Bool("dead"):
		return p.retryDead(ctx, o, c)
	case n != 1:
		return usagef(c, "outbox retry takes one argument, ID, or --dead for all that was given up")
	}
	j, _, err := o.job(ctx, c)
	if err != nil {
		return err
	}
	if j.Changed {
		return hint.Add(errors.New("somebody who wrote into the database changed it, and it is not sent any more"), "`sealform outbox aside %s`, once it is known who", jobName(j.ID))
	}
	underWay, err := o.store.UnderWay(ctx, j.ID)
	if err != nil {
		return err
	}
	switch due, lost, err := o.retryAll(ctx, []store.Job{*j}); {
	case err != nil:
		return err
	case lost > 0:
		return hint.Add(errors.New("what it held is no longer kept, so that it can't be sent again"), "`sealform export` with its reference, if the answers are still kept here")
	case due == 0: // gone since
		return noJob(jobName(j.ID))
	}
	said := "It is due now; a process that delivers takes it within seconds."
	if underWay {
		said = "It is under way at this moment; if that fails, it is tried again at its own time."
	}
	return p.say("%s How it went: sealform outbox show %s\n", said, jobName(j.ID))
}

// retryBatch is how many go on record in one entry.
const retryBatch = 100

// retryDead makes all that was given up due now, as after an outage.
func (p *program) retryDead(ctx context.Context, o *operator, c *cli.Command) error {
	counts, err := o.store.JobCounts(ctx, nil)
	if err != nil {
		return err
	}
	n := int(counts[store.Dead])
	if n == 0 {
		return p.say("%s\n", emptyList["dead"])
	}
	if !c.Bool("yes") {
		return hint.Add(fmt.Errorf("%s would be sent again", counted(n, "1 message that was given up", "%d messages that were given up")), "`sealform outbox list --state dead` first, then this again with --yes")
	}
	jobs, err := o.store.Jobs(ctx, store.JobFilter{State: store.Dead, Limit: n})
	if err != nil {
		return err
	}
	jobs = slices.DeleteFunc(jobs, func(j store.Job) bool { return j.Changed })
	if changed := n - len(jobs); changed > 0 {
		fmt.Fprintf(p.out, "Left out: %s that somebody who wrote into the database changed.\n", text.Count(changed, "message"))
	}
	slices.Reverse(jobs) // the oldest have waited longest
	due, lost := 0, 0
	for batch := range slices.Chunk(jobs, retryBatch) {
		d, l, err := o.retryAll(ctx, batch)
		due, lost = due+d, lost+l
		if err != nil {
			return fmt.Errorf("after %d: %w", due, err)
		}
	}
	if lost > 0 {
		fmt.Fprintf(p.out, "%s can't be sent again: what it held is no longer kept.\n", text.Count(lost, "message"))
	}
	return p.say("%s now due; a process that delivers begins within seconds. How it goes: sealform outbox list\n", counted(due, "1 message is", "%d messages are"))
}

// retryAll puts on record what it is about to send again, and does it; lost are those that can't be.
func (o *operator) retryAll(ctx context.Context, jobs []store.Job) (due, lost int, err error) {
	var about []string
	for i := range jobs {
		about = append(about, string(jobs[i].Channel), jobs[i].Reference)
	}
	if err := o.store.Audit(ctx, operatorEntry(audit.ActDeliveryRetried, about...)); err != nil {
		return 0, 0, err
	}
	for i := range jobs {
		switch err := o.store.RetryNow(ctx, jobs[i].ID); {
		case errors.Is(err, store.ErrDamaged):
			lost++
		case errors.Is(err, store.ErrNotFound): // gone since
		case err != nil:
			return due, lost, err
		default:
			due++
		}
	}
	return due, lost, nil
}
