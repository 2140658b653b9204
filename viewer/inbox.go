package viewer

import (
	"context"
	"fmt"

	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/keys"
)

const pageRows = 50

// listing is a page of the inbox.
type listing struct {
	rows   []store.Row
	more   bool
	counts map[string]map[store.State]int64
	forms  []Served // that the person may open
	all    []store.LockedKey
}

// Inbox lists what came for one form, or for all that the person may open, older than the id before.
func (d *desk) Inbox(ctx context.Context, who staff.Staff, form string, before int64) (*listing, error) {
	l := &listing{}
	var ids []string
	for _, f := range d.kept {
		if !who.MayOpen(f.Readers) {
			continue
		}
		l.forms = append(l.forms, f)
		if form == "" || form == f.Form.ID {
			ids = append(ids, f.Form.ID)
		}
	}
	switch {
	case len(l.forms) == 0:
		return nil, errNoKey
	case len(ids) == 0:
		return nil, errNotFound
	}
	var err error
	if l.rows, err = d.Store.Page(ctx, ids, before, pageRows+1); err != nil {
		return nil, fmt.Errorf("listing submissions: %w", err)
	}
	if l.more = len(l.rows) > pageRows; l.more {
		l.rows = l.rows[:pageRows]
	}
	if l.counts, err = d.Store.Counts(ctx); err != nil {
		return nil, fmt.Errorf("counting submissions: %w", err)
	}
	if l.all, err = d.Store.Keys(ctx); err != nil {
		return nil, fmt.Errorf("finding readers: %w", err)
	}
	return l, nil
}

// nameOf is the name of a reader: the name kept with the key, or its fingerprint's end.
func nameOf(all []store.LockedKey, f keys.Fingerprint) string {
	for _, k := range all {
		if k.Fingerprint == f && k.Name != "" {
			return k.Name
		}
	}
	return "key " + string(f[max(0, len(f)-8):])
}
