package store

import (
	"context"
	"database/sql"
	"errors"
)

// batch is one transaction of the writer, shared by its items. It runs under no caller's
// context: a started item is committed or fails, and does not stop halfway.
type batch struct {
	w     *writer
	forms map[int64]*numbers
	last  *link
	job   int64           // the id that was drawn last
	moved map[int64]piles // by how much the outbox's counts change
}

// numbers are what a form has given so far in this transaction.
type numbers struct{ seq, last, arrived int64 }

func (b *batch) prepared(query string) (*sql.Stmt, error) {
	if st, ok := b.w.stmts[query]; ok {
		return st, nil
	}
	st, err := b.w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	b.w.stmts[query] = st
	return st, nil
}

// exec runs one statement, prepared on first use, and says how many rows it changed.
func (b *batch) exec(query string, args ...any) (int64, error) {
	st, err := b.prepared(query) //nolint:sqlclosecheck // it is kept with the connection and closed there
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// one is exec for a row that must be there: ErrNotFound when none was changed.
func (b *batch) one(query string, args ...any) error {
	n, err := b.exec(query, args...)
	if err == nil && n == 0 {
		return refused{ErrNotFound}
	}
	return err
}

// get reads one row into dest; found is false when there is none.
func (b *batch) get(query string, args []any, dest ...any) (found bool, err error) {
	st, err := b.prepared(query) //nolint:sqlclosecheck // it is kept with the connection and closed there
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(context.Background(), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// each reads all rows, calling row for each.
func (b *batch) each(query string, args []any, row func(scan func(...any) error) error) error {
	st, err := b.prepared(query) //nolint:sqlclosecheck // it is kept with the connection and closed there
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	return drain(rows, row)
}

// drain calls row for each of the rows and closes them.
func drain(rows *sql.Rows, row func(scan func(...any) error) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// next gives a form's next number. The first of a transaction reads the last from the
// database, whoever gave it; finish writes back.
func (b *batch) next(form int64) (int64, error) {
	n := b.forms[form]
	if n == nil {
		n = &numbers{}
		if _, err := b.get(`select seq from form where id = $1`, []any{form}, &n.seq); err != nil {
			return 0, err
		}
		if b.forms == nil {
			b.forms = make(map[int64]*numbers, 1)
		}
		b.forms[form] = n
	}
	return n.seq + 1, nil
}

// gave records that the submission used the number of next; kept says that the tally grows.
func (b *batch) gave(form, submission int64, kept bool) {
	n := b.forms[form]
	n.seq++
	n.last = submission
	if kept {
		n.arrived++
	}
}

// finish writes the numbers and counts back, once per form and transaction.
func (b *batch) finish() error {
	for form, n := range b.forms {
		if n.last == 0 {
			continue // none was used
		}
		jobs := b.moved[form]
		_, err := b.exec(`
			update form set seq = $2, last = $3, count_new = count_new + $4, jobs_waiting = jobs_waiting + $5,
				jobs_quiet = jobs_quiet + $6 where id = $1`,
			form, n.seq, n.last, n.arrived, jobs[Waiting], jobs[quiet])
		if err != nil {
			return err
		}
		if jobs != (piles{}) {
			jobs[Waiting], jobs[quiet] = 0, 0
			b.moved[form] = jobs
		}
	}
	return b.settle()
}
