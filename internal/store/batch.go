package store

import (
	"context"
	"errors"
	"fmt"

	"sealform/forms/record"
	"sealform/internal/audit"
	"sealform/internal/store/engine"
)

// batch is one transaction of the writer, shared by its items: what they leave to Finish is written once.
type batch struct {
	*engine.Tx
	forms   map[int64]*formNumbers
	last    *audit.Head        // the last entry of the record, once it was read
	job     int64              // the id that was drawn last
	tallies map[int64]jobTally // by how much the outbox's counts change
}

// formNumbers are the numbers that a form has given so far in this transaction.
type formNumbers struct{ seq, last, arrived int64 }

// write hands do to the engine's writer and waits for the commit. do may run twice, so it must set its results anew.
func (s *Store) write(ctx context.Context, size int, do func(*batch) error) error {
	return asDrop(s.db.Write(ctx, size, do))
}

// explain puts in front of an error what was tried; it is deferred.
func explain(err *error, tried string) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", tried, *err)
	}
}

// transact is write for what writes little; done says in errors what was tried.
func (s *Store) transact(ctx context.Context, done string, do func(*batch) error) (err error) {
	defer explain(&err, done)
	return s.write(ctx, 0, do)
}

// do runs one statement.
func (s *Store) do(ctx context.Context, done, query string, args ...any) error {
	return s.transact(ctx, done, func(b *batch) error {
		_, err := b.Exec(query, args...)
		return err
	})
}

// rows collects a query's rows; into says where the columns of one go.
func rows[T any](all *[]T, into func(*T) []any) func(scan func(...any) error) error {
	return func(scan func(...any) error) error {
		var x T
		err := scan(into(&x)...)
		*all = append(*all, x)
		return err
	}
}

// column collects a query's only column.
func column[T any](all *[]T) func(scan func(...any) error) error {
	return rows(all, func(x *T) []any { return []any{x} })
}

// asDrop turns the engine's errors into those that a Drop answers with.
func asDrop(err error) error {
	if errors.Is(err, engine.ErrFull) {
		err = fmt.Errorf("%w: %w", record.ErrFull, err)
	}
	if errors.Is(err, engine.ErrUnknown) {
		err = fmt.Errorf("%w: %w", record.ErrUnknown, err)
	}
	return err
}

// refuse is the decided answer of an item that wrote nothing; the others of its batch go on.
func refuse(err error) error { return engine.Refuse(err) }

// snapshot is one state of the database, which does not change meanwhile.
type snapshot struct{ *engine.Snapshot }

// snapshot lends one to use, beside the writer.
func (s *Store) snapshot(ctx context.Context, use func(snapshot) error) error {
	return s.db.Snapshot(ctx, func(r *engine.Snapshot) error { return use(snapshot{r}) })
}

// look is snapshot; done says in errors what was tried.
func (s *Store) look(ctx context.Context, done string, use func(snapshot) error) (err error) {
	defer explain(&err, done)
	return s.snapshot(ctx, use)
}

// one is Exec for a row that must be there: ErrNotFound when none was changed.
func (b *batch) one(query string, args ...any) error {
	n, err := b.Exec(query, args...)
	return found(n > 0, err)
}

// find is Get for a row that must be there: ErrNotFound when there is none.
func (b *batch) find(query string, args []any, dest ...any) error {
	return found(b.Get(query, args, dest...))
}

// found is ErrNotFound for a row that is not there; in a transaction its item is refused.
func found(there bool, err error) error {
	if err == nil && !there {
		return refuse(ErrNotFound)
	}
	return err
}

// next gives a form's next number. The first of a transaction reads the last from the
// database, whoever gave it; Finish writes back.
func (b *batch) next(form int64) (int64, error) {
	n := b.forms[form]
	if n == nil {
		n = &formNumbers{}
		if _, err := b.Get(`select seq from form where id = $1`, []any{form}, &n.seq); err != nil {
			return 0, err
		}
		if b.forms == nil {
			b.forms = make(map[int64]*formNumbers, 1)
		}
		b.forms[form] = n
	}
	return n.seq + 1, nil
}

// useNumber records that the submission has the number of next; kept says that the tally grows.
func (b *batch) useNumber(form, submission int64, kept bool) {
	n := b.forms[form]
	n.seq++
	n.last = submission
	if kept {
		n.arrived++
	}
}

// Finish writes the numbers and counts back, once per form and transaction.
func (b *batch) Finish() error {
	for form, n := range b.forms {
		if n.last == 0 {
			continue // none was used
		}
		jobs := b.tallies[form]
		_, err := b.Exec(`
			update form set seq = $2, last = $3, count_new = count_new + $4, jobs_waiting = jobs_waiting + $5,
				jobs_quiet = jobs_quiet + $6 where id = $1`,
			form, n.seq, n.last, n.arrived, jobs[Waiting], jobs[unawaited])
		if err != nil {
			return err
		}
		if jobs != (jobTally{}) {
			jobs[Waiting], jobs[unawaited] = 0, 0
			b.tallies[form] = jobs
		}
	}
	return b.writeTallies()
}
