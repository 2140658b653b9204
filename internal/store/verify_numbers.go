package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// mostNumbers bounds the findings about one form.
const mostNumbers = 50

// forms holds every form's numbers: rows and tombstones together must be 1 to the last
// that was given, each once, each under its leaf.
func (v *verification) forms(ctx context.Context) error {
	type form struct {
		id, seq int64
		name    string
	}
	var all []form
	err := v.r.Each(ctx, `select id, seq, name from form where id != 0 order by name`, nil,
		rows(&all, func(f *form) []any { return []any{&f.id, &f.seq, &f.name} }))
	if err != nil {
		return err
	}
	for _, f := range all {
		n := &numbering{v: v, id: f.id, form: f.name}
		for _, check := range []func(context.Context) error{n.rows, n.tombstones, n.revisions} {
			if err := check(ctx); err != nil {
				return err
			}
		}
		n.gaps(max(f.seq, v.given[f.name]))
		delete(v.given, f.name)
	}
	for _, name := range slices.Sorted(maps.Keys(v.given)) {
		v.found = append(v.found, "form "+name+": all that came for it is missing")
	}
	return nil
}

// numbering is one form's part of a verification.
type numbering struct {
	v     *verification
	id    int64
	form  string
	seqs  []int64
	found int
}

func (n *numbering) report(format string, args ...any) {
	if n.found++; n.found <= mostNumbers {
		n.v.found = append(n.v.found, "form "+n.form+": "+fmt.Sprintf(format, args...))
	}
}

// gaps reports numbers that are missing, come twice or were never given.
func (n *numbering) gaps(last int64) {
	slices.Sort(n.seqs)
	prev := int64(0)
	for _, seq := range n.seqs {
		switch {
		case seq == prev:
			n.report("number %d comes twice", seq)
		case seq > prev+1:
			n.missing(prev+1, seq-1)
		}
		prev = seq
	}
	switch {
	case prev < last:
		n.missing(prev+1, last)
	case prev > last:
		n.report("number %d is there, but only %d were given", prev, last)
	}
}

func (n *numbering) missing(from, to int64) {
	if from == to {
		n.report("number %d is missing", from)
		return
	}
	n.report("numbers %d to %d are missing", from, to)
}
