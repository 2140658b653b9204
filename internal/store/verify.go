package store

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"time"

	"sealform/internal/audit"
)

// VerifyAudit walks the audit record and holds it against the head file, then holds each
// form's rows, files and tombstones against its numbers and their leaves, session keys
// and deliveries against their MACs, every submission that an entry names against what is here, the
// clock against the store's making, and the schema against ours. It reads all of the database in one snapshot, beside intake.
func (s *Store) VerifyAudit(ctx context.Context) (_ AuditReport, err error) {
	defer explain(&err, "verifying the record")
	head, finding, err := s.headFound() // before the snapshot: what is written meanwhile is not cut
	if err != nil {
		return AuditReport{}, err
	}
	v := &verification{s: s, walk: s.chain.Walk(head), projection: newProjection(), named: map[ref]bool{}, given: map[string]int64{}}
	err = s.snapshot(ctx, func(r snapshot) error {
		v.r = r
		return v.all(ctx, finding)
	})
	if err != nil {
		return AuditReport{}, err
	}
	_, last := v.walk.Last()
	return AuditReport{Entries: v.entries, Last: last, Findings: v.found}, nil
}

// all runs every check.
func (v *verification) all(ctx context.Context, head string) error {
	if err := v.record(ctx); err != nil {
		return err
	}
	if head != "" {
		v.found = append(v.found, head)
	}
	for _, check := range []func(context.Context) error{v.forms, v.missingNamed, v.sessionKeys, v.deliveries, v.people, v.clock, v.schema} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// headFound reads the head file. Whoever can replace it by an older one can also cut the
// record back to that, unseen by a process that starts later; one that runs sees it.
func (s *Store) headFound() (head audit.Head, finding string, err error) {
	head, before, err := s.head.check()
	switch {
	case err == nil && head.Count < before.Count:
		return before, "the head file was set back", nil
	case errors.Is(err, os.ErrNotExist):
		return audit.Head{}, "the head file is missing", nil
	case errors.Is(err, audit.ErrHead):
		return audit.Head{}, err.Error(), nil
	}
	return head, "", err
}

// verification is one run of VerifyAudit.
type verification struct {
	s          *Store
	r          snapshot
	walk       *audit.Walk
	entries    int64
	projection projection       // of the entries up to now
	named      map[ref]bool     // submissions that entries name; true: found, or its tombstone
	given      map[string]int64 // how many numbers each form had given by the latest entry that says so
	made       time.Time        // when the store was; zero: the record does not say
	found      []string
}

// record walks the entries.
func (v *verification) record(ctx context.Context) error {
	err := v.r.Each(ctx, `select n, at, who, peer, act, about, mac from audit order by n`, nil, func(scan func(...any) error) error {
		e, err := scanEntry(scan)
		if err != nil {
			return err
		}
		v.entries++
		v.entry(e, v.walk.Next(e))
		return nil
	})
	v.found = v.walk.End()
	return err
}

// entry keeps what an entry says about submissions.
func (v *verification) entry(e audit.Entry, sure bool) {
	v.projection.apply(e, sure)
	for _, about := range referencesOf(e) {
		if r, ok := refOf(about); ok {
			v.named[r] = false
		}
	}
	switch {
	case e.Act == audit.ActNumbersNoted:
		v.numbersRecorded(e.About)
	case e.Act == audit.ActStoreMade && sure:
		v.made = e.At
	}
}

// markFound marks a submission or its tombstone as found.
func (v *verification) markFound(about string) {
	if r, ok := refOf(about); ok {
		if _, named := v.named[r]; named {
			v.named[r] = true
		}
	}
}

// missingNamed reports the submissions that entries name, but of which nothing is here.
func (v *verification) missingNamed(context.Context) error {
	var lost []string
	for r, found := range v.named {
		if !found {
			lost = append(lost, string(r[:]))
		}
	}
	slices.Sort(lost)
	for _, about := range lost[:min(len(lost), mostNumbers)] {
		if at, erased := v.projection.wasErased(about); erased {
			v.found = append(v.found, "submission "+about+" was erased on "+day(at)+", but its tombstone is missing")
		} else {
			v.found = append(v.found, "submission "+about+" is missing: the record names it")
		}
	}
	return nil
}

// day is a time as findings say it.
func day(at time.Time) string { return at.UTC().Format("2 Jan 2006") }

// scanEntry reads an entry. What was changed so that it cannot be read is left empty:
// its MAC then tells.
func scanEntry(scan func(...any) error) (audit.Entry, error) {
	var e audit.Entry
	var at int64
	var about string
	var mac []byte
	if err := scan(&e.Seq, &at, &e.Who, &e.From, &e.Act, &about, &mac); err != nil {
		return e, err
	}
	e.At = millis(at)
	if json.Unmarshal([]byte(about), &e.About) != nil {
		e.About = nil
	}
	if len(mac) == len(e.MAC) {
		e.MAC = [32]byte(mac)
	}
	return e, nil
}

// schema reports what is not ours in the database.
func (v *verification) schema(ctx context.Context) error {
	found, err := v.r.Foreign(ctx)
	v.found = append(v.found, found...)
	return err
}
