package main

import (
	"context"
	"errors"
	"strings"

	"github.com/urfave/cli/v3"

	"sealform/internal/hint"
)

// auditCommand is `sealform audit`: the record of who read what.
func (p *program) auditCommand() *cli.Command {
	return &cli.Command{
		Name: "audit", Usage: "hold the record of readings against itself", Action: p.needsSubcommand,
		Commands: []*cli.Command{
			p.storeCommand("verify", "walk the whole chain; name the first entry that was changed, and what is missing", "", p.auditVerify),
		},
	}
}

// auditVerify is `sealform audit verify`. Findings are faults: a script notices them by the exit code.
func (p *program) auditVerify(ctx context.Context, o *operator, _ *cli.Command) error {
	r, err := o.store.VerifyAudit(ctx)
	if err != nil {
		return err
	}
	if len(r.Findings) > 0 {
		return hint.Add(errors.New("the record does not hold:\n  "+strings.Join(r.Findings, "\n  ")),
			"keep a copy of the data folder as it is, then compare it with the last backup")
	}
	last := "no entry yet"
	if r.Entries > 0 {
		last = "the last of " + r.Last.In(o.cfg.Zone).Format("2 Jan 2006 15:04 MST")
	}
	return p.say("The record is whole: %d entries, %s. Every submission is in its place.\n", r.Entries, last)
}
