package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/hint"
	"sealform/internal/store"
	"sealform/internal/text"
)

func (p *program) outboxCommand() *cli.Command {
	asJSON := &cli.BoolFlag{Name: "json", Usage: "for programs"}
	return &cli.Command{
		Name: "outbox", Usage: "look at what goes out by itself: mail, notices, webhooks; and send it again", Action: p.needsSubcommand,
		Commands: []*cli.Command{
			p.storeCommand("list", "show what waits and what was given up", "", p.outboxList, asJSON,
				&cli.StringFlag{Name: "state", Value: "open", Usage: "waiting, dead, aside, sent, all, or open: waiting and dead"},
				&cli.IntFlag{Name: "most", Value: 100, Usage: "show so many of each state, the newest"}),
			p.storeCommand("show", "show one, with each attempt and how it ended", "ID", p.outboxShow, asJSON),
			p.storeCommand("retry", "send one now: one that waits, was given up, or was sent and got lost", "[ID]", p.outboxRetry,
				&cli.BoolFlag{Name: "dead", Usage: "in place of an ID: all that was given up"},
				&cli.BoolFlag{Name: "yes", Usage: "with --dead: do it"}),
			p.storeCommand("aside", "put one aside that was given up and that somebody has seen to; it is kept, and nobody is told of it any more", "ID", p.outboxAside),
		},
	}
}

// jobName is how a job is called on the command line: its id has a sign, which flags begin with.
func jobName(id int64) string { return strconv.FormatUint(uint64(id), 36) } //nolint:gosec // bits, whatever they mean

// job finds the one that the command names.
func (o *operator) job(ctx context.Context, c *cli.Command) (*store.Job, []store.Attempt, error) {
	name := c.Args().First()
	id, err := strconv.ParseUint(name, 36, 64)
	if err != nil {
		return nil, nil, noJob(name)
	}
	j, log, err := o.store.Job(ctx, int64(id)) //nolint:gosec // as above
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, noJob(name)
	}
	return j, log, err
}

func noJob(name string) error {
	return hint.Add(fmt.Errorf("nothing in the outbox has the id %q", name), "`sealform outbox list --state all`")
}

// jobStates in the order shown.
var jobStates = []store.JobState{store.Waiting, store.Dead, store.Aside, store.Sent}

var stateNames = map[store.JobState]string{store.Waiting: "waiting", store.Dead: "dead", store.Aside: "aside", store.Sent: "sent"}

// stateName is the state of a job as --state and --json have it.
func stateName(s store.JobState) string { return cmp.Or(stateNames[s], "unknown") }

// jobLine is a job as --json shows it. None of it is a visitor's.
type jobLine struct {
	ID        string    `json:"id"`
	State     string    `json:"state"`
	Channel   string    `json:"channel"`
	Form      string    `json:"form,omitempty"`
	Reference string    `json:"reference,omitempty"`
	Number    int64     `json:"number,omitempty"`
	To        string    `json:"to,omitempty"`
	MessageID string    `json:"message_id,omitempty"`
	Made      time.Time `json:"made"`
	Attempts  int       `json:"attempts"`
	Due       time.Time `json:"due,omitzero"`
	Ended     time.Time `json:"ended,omitzero"`
	LastError string    `json:"last_error,omitempty"`
	Size      int64     `json:"size,omitempty"`
	Changed   bool      `json:"changed,omitempty"`
	Log       []logLine `json:"log,omitempty"`
}

type logLine struct {
	At   time.Time `json:"at"`
	Code string    `json:"code"`
}

func lineOf(j *store.Job) jobLine {
	l := jobLine{
		ID: jobName(j.ID), State: stateName(j.State), Channel: string(j.Channel), Form: j.Form, Reference: j.Reference, Number: j.Seq,
		To: j.To, MessageID: j.MessageID, Made: j.Received.UTC(), Attempts: j.Attempts, LastError: j.LastError, Size: j.Size, Changed: j.Changed,
	}
	if j.Channel == store.Receipt {
		l.To = "the visitor"
	}
	if j.State == store.Waiting {
		l.Due = j.Due.UTC()
	} else {
		l.Ended = j.Ended.UTC()
	}
	return l
}

func (p *program) outboxList(ctx context.Context, o *operator, c *cli.Command) error {
	want, most := c.String("state"), c.Int("most")
	if _, known := emptyList[want]; !known {
		return usagef(c, "--state must be one of: waiting, dead, aside, sent, all, open")
	}
	if most < 1 {
		return usagef(c, "--most must be at least 1")
	}
	counts, err := o.store.JobCounts(ctx, nil)
	if err != nil {
		return err
	}
	lines, more := []jobLine{}, ""
	for _, s := range jobStates {
		if want != "all" && want != stateName(s) && (want != "open" || s == store.Sent || s == store.Aside) {
			continue
		}
		jobs, err := o.store.Jobs(ctx, store.JobFilter{State: s, Limit: most})
		if err != nil {
			return err
		}
		for i := range jobs {
			lines = append(lines, lineOf(&jobs[i]))
		}
		if left := counts[s] - int64(len(jobs)); left > 0 {
			more += fmt.Sprintf("And %d more, older, of the state %s: --most shows them.\n", left, stateName(s))
		}
	}
	return p.answer(c, lines, jobsText(lines, more, want, counts[store.Dead]))
}

// jobsText is the list for people: the jobs of the states that are wanted, or what it means that there are none.
func jobsText(lines []jobLine, more, want string, dead int64) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.plain() + "\n")
	}
	b.WriteString(more)
	if len(lines) == 0 {
		b.WriteString(emptyList[want])
		if dead > 0 {
			fmt.Fprintf(&b, " But %s: sealform outbox list --state dead", counted(int(dead), "1 was given up", "%d were given up"))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// emptyList is the sentence for an empty list, by the value of --state.
var emptyList = map[string]string{
	"waiting": "Nothing waits.", "dead": "Nothing was given up.", "aside": "Nothing was put aside.", "sent": "Nothing that was sent is still kept.",
	"all": "The outbox is empty.", "open": "Nothing waits, and nothing was given up.",
}

// plain is the line for people.
func (l jobLine) plain() string {
	s := fmt.Sprintf("%-13s  %-7s  %-7s  %s", l.ID, l.State, visible(l.Channel), visible(l.To))
	if l.Reference != "" {
		s += "  " + visible(l.Form) + " " + visible(l.Reference)
	}
	if l.Number > 0 {
		s += fmt.Sprintf(" number %d", l.Number)
	}
	if l.LastError != "" {
		s += fmt.Sprintf("  %s, after %s", visible(l.LastError), text.Count(l.Attempts, "attempt"))
	}
	if !l.Due.IsZero() && l.Attempts > 0 {
		s += "; next " + l.Due.Format("2 Jan 15:04 MST")
	}
	if l.Changed {
		s += "  CHANGED by somebody who wrote into the database; it is not sent"
	}
	return s
}

// visible quotes what is not plain text: whoever writes into the database must not write onto the operator's terminal.
func visible(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return strconv.Quote(s)
	}
	return s
}

func (p *program) outboxShow(ctx context.Context, o *operator, c *cli.Command) error {
	j, log, err := o.job(ctx, c)
	if err != nil {
		return err
	}
	l := lineOf(j)
	for _, a := range log {
		l.Log = append(l.Log, logLine{a.At.UTC(), a.Code})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  made %s, id %s", l.plain(), l.Made.Format(time.RFC3339), visible(l.MessageID))
	if l.Size > 0 {
		fmt.Fprintf(&b, ", %s sealed", text.Size(l.Size))
	}
	b.WriteByte('\n')
	for _, a := range l.Log {
		fmt.Fprintf(&b, "  %s  %s\n", a.At.Format(time.RFC3339), visible(a.Code))
	}
	return p.answer(c, l, b.String())
}

func (p *program) outboxAside(ctx context.Context, o *operator, c *cli.Command) error {
	j, _, err := o.job(ctx, c)
	if err != nil {
		return err
	}
	if j.State != store.Dead {
		return hint.Add(fmt.Errorf("it was not given up: it is %s", stateName(j.State)), "`sealform outbox list --state dead`")
	}
	if err := o.store.Audit(ctx, operatorEntry(audit.ActDeliveryPutAside, string(j.Channel), j.Reference)); err != nil {
		return err
	}
	if err := o.store.PutAside(ctx, j.ID); err != nil {
		return err
	}
	return p.say("It is put aside and kept. It can still be sent: sealform outbox retry %s\n", jobName(j.ID))
}
