package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
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
	err := v.r.each(ctx, `select id, seq, name from form order by name`, nil, func(scan func(...any) error) error {
		var f form
		err := scan(&f.id, &f.seq, &f.name)
		all = append(all, f)
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range all {
		n := &numbering{v: v, form: f.name}
		if err := n.rows(ctx, f.id); err != nil {
			return err
		}
		if err := n.tombstones(ctx, f.id); err != nil {
			return err
		}
		n.gaps(max(f.seq, v.noted[f.name]))
		delete(v.noted, f.name)
	}
	for _, name := range slices.Sorted(maps.Keys(v.noted)) {
		v.found = append(v.found, "form "+name+": all that came for it is missing")
	}
	return nil
}

// numbering is one form's part of a verification.
type numbering struct {
	v     *verification
	form  string
	seqs  []int64
	found int
}

func (n *numbering) report(format string, args ...any) {
	if n.found++; n.found <= mostNumbers {
		n.v.found = append(n.v.found, "form "+n.form+": "+fmt.Sprintf(format, args...))
	}
}

// rows checks what is kept, down to the bytes that readers open.
func (n *numbering) rows(ctx context.Context, form int64) error {
	return n.v.r.each(ctx, `
		select s.id, s.seq, s.reference, s.leaf, s.data, exists (select 1 from tombstone t where t.id = s.id)
		from submission s where s.form = $1`, []any{form}, func(scan func(...any) error) error {
		var (
			id, seq    int64
			reference  string
			leaf, data []byte
			back       bool
		)
		if err := scan(&id, &seq, &reference, &leaf, &data, &back); err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		if !hmac.Equal(leaf, n.v.s.leaf(leafKept, n.form, id, seq, sum[:])) {
			n.report("number %d, %s, was changed", seq, reference)
		}
		if back {
			n.report("number %d, %s, was erased and has been put back", seq, reference)
			return nil // its tombstone holds the number
		}
		n.seqs = append(n.seqs, seq)
		return nil
	})
}

// tombstones checks what was erased, and that an entry of the record says so.
func (n *numbering) tombstones(ctx context.Context, form int64) error {
	return n.v.r.each(ctx, `select id, seq, reference, why, sealed_hash, leaf from tombstone where form = $1`, []any{form},
		func(scan func(...any) error) error {
			var (
				id, seq        int64
				reference, why string
				hash, leaf     []byte
			)
			if err := scan(&id, &seq, &reference, &why, &hash, &leaf); err != nil {
				return err
			}
			n.seqs = append(n.seqs, seq)
			kind := leafKept
			if why == WhyMailed {
				kind = leafMailed
			}
			if !hmac.Equal(leaf, n.v.s.leaf(kind, n.form, id, seq, hash)) {
				n.report("the tombstone of number %d, %s, was changed", seq, reference)
			} else if why != WhyMailed && !n.v.named[reference] {
				n.report("number %d, %s, was erased without an entry in the record", seq, reference)
			}
			return nil
		})
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
