package viewer

import (
	"context"
	"errors"
	"fmt"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/internal/audit"
	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/keys/private"
)

// opened is a submission as its reader sees it.
type opened struct {
	sub     *store.Submission
	served  Served
	reading *record.Reading
	keys    []store.LockedKey // by which readers are called
}

// find gives a submission that the person may see, by the part of an address that stands for it. What they may not
// see is not there; of what was erased, *store.Erased tells when.
func (d *desk) find(ctx context.Context, who staff.Staff, sid string) (*store.Submission, Served, error) {
	f, id, ok := d.locate(who, sid)
	if !ok {
		return nil, Served{}, errNotFound
	}
	sub, err := d.Store.Submission(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, Served{}, errNotFound
	}
	if errors.Is(err, store.ErrDamaged) {
		return nil, Served{}, &unopened{"", private.ErrDamaged}
	}
	if err != nil {
		return nil, Served{}, fmt.Errorf("finding a submission: %w", err)
	}
	if sub.Form != f.Form.ID {
		return nil, Served{}, errNotFound
	}
	return sub, f, nil
}

// locate reads an address. It is sealed under a key of the form, so that it opens only for those who may open the form.
func (d *desk) locate(who staff.Staff, sid string) (Served, int64, bool) {
	for _, f := range d.kept {
		if !who.MayOpen(f.Readers) {
			continue
		}
		if id, ok := d.paths.open(f.Form.ID, sid); ok {
			return f, id, true
		}
	}
	return Served{}, 0, false
}

// Open reads a submission's answers: found, allowed, on record, opened, verified, and held against its row.
func (d *desk) Open(ctx context.Context, who staff.Staff, sid string) (*opened, error) {
	o, err := d.begin(ctx, who, sid, audit.ActOpened)
	if err != nil {
		return nil, err
	}
	err = d.with(who, func(u *private.Unlocked) error { return d.read(ctx, u, o) })
	if err != nil {
		return nil, d.notOpened(ctx, who, o, err)
	}
	if o.keys, err = d.Store.Keys(ctx); err != nil {
		return nil, fmt.Errorf("finding readers: %w", err)
	}
	return o, nil
}

// begin does all that comes before the key is used; the last of it is the entry in the audit record.
func (d *desk) begin(ctx context.Context, who staff.Staff, sid string, act string) (*opened, error) {
	sub, served, err := d.find(ctx, who, sid)
	if err != nil {
		return nil, err
	}
	if d.left(who) == 0 {
		return nil, errLocked
	}
	if err := d.Sessions.Record(ctx, who.Entry(act, sub.Reference)); err != nil {
		return nil, err
	}
	return &opened{sub: sub, served: served}, nil
}

// with lends the session's key for one call.
func (d *desk) with(who staff.Staff, use func(*private.Unlocked) error) error {
	err := d.Vault.With(who.SessionID(), who.PersonID(), who.Half, use)
	if errors.Is(err, private.ErrLocked) {
		return errLocked
	}
	return err
}

// read opens the answers with u. Nothing of them leaves before all of it was verified.
func (d *desk) read(ctx context.Context, u *private.Unlocked, o *opened) error {
	if !o.sub.LeafOK {
		return errLeaf
	}
	questions, err := d.questions(ctx, o.served, o.sub.Revision)
	if err != nil {
		return err
	}
	plain, signer, err := u.Open(o.sub.Answers, d.Verifiers)
	if err != nil {
		return err
	}
	defer plain.Wipe() // reading makes its own copies
	s := o.sub
	reading, err := record.Read(plain, questions, record.Row{
		Service: d.Service, ID: s.ID, Form: s.Form, Revision: s.Revision, Reference: s.Reference,
		Received: s.Received, Readers: s.Readers, Files: s.Files,
	})
	if err != nil {
		return err
	}
	if len(o.sub.FileKeys) != len(reading.Files) {
		return &record.Mismatch{What: []string{"number of files"}}
	}
	if reading.Record.Signer != signer {
		return &record.Mismatch{What: []string{"signer"}}
	}
	o.reading = reading
	return nil
}

// questions gives the form as it was when it was answered.
func (d *desk) questions(ctx context.Context, f Served, r forms.Revision) (*forms.Form, error) {
	if r == f.Form.Revision {
		return f.Form, nil
	}
	type name struct {
		form     string
		revision forms.Revision
	}
	if known, ok := d.revisions.Load(name{f.Form.ID, r}); ok {
		return known.(*forms.Form), nil
	}
	all, err := d.Store.Revisions(ctx, f.Form.ID)
	if err != nil {
		return nil, fmt.Errorf("finding a form's revisions: %w", err)
	}
	b, ok := all[r]
	if !ok {
		return nil, errRevision
	}
	q, err := forms.ParseQuestions(f.Form.ID, b, r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRevision, err)
	}
	d.revisions.Store(name{f.Form.ID, r}, q)
	return q, nil
}

// notOpened puts on record that the entry before came to nothing, where that says something about the submission.
func (d *desk) notOpened(ctx context.Context, who staff.Staff, o *opened, why error) error {
	if errors.Is(why, errLocked) || errors.Is(why, context.Canceled) {
		return why
	}
	if err := d.Sessions.Record(ctx, who.Entry(audit.ActOpenFailed, o.sub.Reference)); err != nil {
		return err
	}
	return &unopened{o.sub.Reference, why}
}

// unopened is the error of a submission that is there, and is not what it ought to be or not for this key.
type unopened struct {
	reference string
	why       error
}

func (u *unopened) Error() string { return "a submission did not open: " + u.why.Error() }
func (u *unopened) Unwrap() error { return u.why }

// Erase removes a submission for good, its entry in the same commit.
func (d *desk) Erase(ctx context.Context, who staff.Staff, sid string) error {
	sub, _, err := d.find(ctx, who, sid)
	if err != nil {
		return err
	}
	if err := d.Store.Delete(ctx, sub.ID, "erased by staff", who.Entry(audit.ActErased, sub.Reference)); err != nil {
		return fmt.Errorf("erasing a submission: %w", err)
	}
	return nil
}

// SetState moves a submission to another state.
func (d *desk) SetState(ctx context.Context, who staff.Staff, sid string, to store.State) error {
	sub, _, err := d.find(ctx, who, sid)
	if err != nil {
		return err
	}
	if err := d.Sessions.Record(ctx, who.Entry(audit.ActStateChanged, sub.Reference)); err != nil {
		return err
	}
	if err := d.Store.SetState(ctx, sub.ID, to); err != nil {
		return fmt.Errorf("changing a submission's state: %w", err)
	}
	return nil
}
