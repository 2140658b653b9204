package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
)

// Page gives up to n rows, newest first by the time they were received, of the forms
// named, older than the row with id before (0: from the newest). It reads n rows and one
// more per form, however many there are.
func (s *Store) Page(ctx context.Context, forms []string, before int64, n int) (rows []Row, err error) {
	err = s.snapshot(ctx, func(r snapshot) (err error) { rows, err = page(ctx, r, forms, before, n); return err })
	if err != nil {
		return nil, fmt.Errorf("reading the inbox: %w", err)
	}
	return rows, nil
}

func page(ctx context.Context, r snapshot, forms []string, before int64, n int) (out []Row, err error) {
	m := merge{}
	defer func() { err = errors.Join(err, m.close()) }()
	received, err := receivedAt(ctx, r, before)
	if err != nil {
		return nil, err
	}
	for _, form := range forms {
		if err := m.add(ctx, r, form, received, before, n); err != nil {
			return nil, err
		}
	}
	for len(out) < n {
		row, ok, err := m.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		out = append(out, row)
	}
	return out, nil
}

// receivedAt is when a row came, or one that was erased meanwhile.
func receivedAt(ctx context.Context, r snapshot, id int64) (int64, error) {
	received := int64(math.MaxInt64)
	if id == 0 {
		return received, nil
	}
	_, err := r.get(ctx, `
		select received from submission where id = $1
		union all select received from tombstone where id = $1 limit 1`, []any{id}, &received)
	return received, err
}

// merge is the rows of several forms as one list.
type merge struct{ streams []*stream }

// stream is one form's rows, the next of them read.
type stream struct {
	rows *sql.Rows
	form string
	next Row
}

const newestFirst = `
	select id, state, seq, reference, received, files, size from submission
	where form = $1 and (received, id) < ($2, $3)
	order by received desc, id desc limit $4`

// add begins with one form. A form without rows adds nothing.
func (m *merge) add(ctx context.Context, r snapshot, form string, received, before int64, n int) error {
	var id int64
	ok, err := r.get(ctx, `select id from form where name = $1`, []any{form}, &id)
	if err != nil || !ok {
		return err
	}
	rows, err := r.tx.QueryContext(ctx, newestFirst, id, received, before, n) //nolint:rowserrcheck // advance checks it
	if err != nil {
		return err
	}
	st := &stream{rows: rows, form: form}
	m.streams = append(m.streams, st)
	return m.advance(st)
}

// advance reads a stream's next row and forgets the stream after its last.
func (m *merge) advance(st *stream) error {
	if !st.rows.Next() {
		for i := range m.streams {
			if m.streams[i] == st {
				m.streams = append(m.streams[:i], m.streams[i+1:]...)
				break
			}
		}
		return errors.Join(st.rows.Err(), st.rows.Close())
	}
	var received int64
	x := Row{Form: st.form}
	err := st.rows.Scan(&x.ID, &x.State, &x.Seq, &x.Reference, &received, &x.Files, &x.Size)
	x.Received = millis(received)
	st.next = x
	return err
}

// next takes the newest row of all streams.
func (m *merge) next() (Row, bool, error) {
	var best *stream
	for _, st := range m.streams {
		if best == nil || newer(st.next, best.next) {
			best = st
		}
	}
	if best == nil {
		return Row{}, false, nil
	}
	row := best.next
	return row, true, m.advance(best)
}

func newer(a, b Row) bool {
	if !a.Received.Equal(b.Received) {
		return a.Received.After(b.Received)
	}
	return a.ID > b.ID
}

func (m *merge) close() (err error) {
	for _, st := range m.streams {
		err = errors.Join(err, st.rows.Close())
	}
	return err
}

// Counts per form and state, from the tally. Every form that ever had a submission is in it.
func (s *Store) Counts(ctx context.Context) (map[string]map[State]int64, error) {
	out := map[string]map[State]int64{}
	err := s.each(ctx, `select name, count_new, count_opened, count_done, count_spam from form where id != 0`, nil, func(scan func(...any) error) error {
		var name string
		var n [Spam + 1]int64
		if err := scan(&name, &n[New], &n[Opened], &n[Done], &n[Spam]); err != nil {
			return err
		}
		out[name] = map[State]int64{New: n[New], Opened: n[Opened], Done: n[Done], Spam: n[Spam]}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the tally: %w", err)
	}
	return out, nil
}
