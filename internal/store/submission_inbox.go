package store

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Page gives up to n rows, newest first by the time they were received, of the forms
// named, older than the row with id before (0: from the newest). It reads n rows of each
// form, however many there are.
func (s *Store) Page(ctx context.Context, forms []string, before int64, n int) (rows []Row, err error) {
	err = s.look(ctx, "reading the inbox", func(r snapshot) error {
		received, err := receivedAt(ctx, r, before)
		if err != nil {
			return err
		}
		for _, form := range forms {
			newest, err := newestOf(ctx, r, form, received, before, n)
			if err != nil {
				return err
			}
			rows = append(rows, newest...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, byNewest)
	return rows[:min(n, len(rows))], nil
}

func byNewest(a, b Row) int {
	return cmp.Or(b.Received.Compare(a.Received), cmp.Compare(b.ID, a.ID))
}

// receivedAt is when a row came, or one that was erased meanwhile.
func receivedAt(ctx context.Context, r snapshot, id int64) (int64, error) {
	received := int64(math.MaxInt64)
	if id == 0 {
		return received, nil
	}
	_, err := r.Get(ctx, `
		select received from submission where id = $1
		union all select received from tombstone where id = $1 limit 1`, []any{id}, &received)
	return received, err
}

const newestFirst = `
	select id, state, seq, reference, received, files, size from submission
	where form = $1 and (received, id) < ($2, $3)
	order by received desc, id desc limit $4`

// newestOf gives one form's rows; none where nothing ever came for it.
func newestOf(ctx context.Context, r snapshot, form string, received, before int64, n int) (rows []Row, err error) {
	var id int64
	ok, err := r.Get(ctx, `select id from form where name = $1`, []any{form}, &id)
	if err != nil || !ok {
		return nil, err
	}
	err = r.Each(ctx, newestFirst, []any{id, received, before, n}, func(scan func(...any) error) error {
		x := Row{Form: form}
		var at int64
		err := scan(&x.ID, &x.State, &x.Seq, &x.Reference, &at, &x.Files, &x.Size)
		x.Received = millis(at)
		rows = append(rows, x)
		return err
	})
	return rows, err
}

// Counts per form and state, from the tally. Every form that ever had a submission is in it.
func (s *Store) Counts(ctx context.Context) (out map[string]map[State]int64, err error) {
	defer explain(&err, "reading the tally")
	out = map[string]map[State]int64{}
	return out, s.db.Each(ctx, `select name, count_new, count_opened, count_done, count_spam from form where id != 0`, nil, func(scan func(...any) error) error {
		var name string
		var n [Spam + 1]int64
		if err := scan(&name, &n[New], &n[Opened], &n[Done], &n[Spam]); err != nil {
			return err
		}
		out[name] = map[State]int64{New: n[New], Opened: n[Opened], Done: n[Done], Spam: n[Spam]}
		return nil
	})
}
