package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// writer commits what others hand it: everything that waits goes into one transaction,
// because a commit's price is its fsync, whoever shares it. It is the only goroutine of
// the process that writes, over one connection.
type writer[B Batch] struct {
	d     *driver
	pool  *sql.DB // of one connection
	batch func(*Tx) B
	queue chan *item[B]
	done  chan struct{}

	closing sync.RWMutex
	closed  bool

	// Of the goroutine alone:
	tx      *Tx      // nil: the connection was lost to an I/O error, to be opened anew
	ours    bool     // the schema was found to be
	changes int64    // of the schema, as the engine counted them then
	held    *item[B] // what the last batch had no room for
	before  int      // items in the last batch
}

// item is one caller's share of a transaction.
type item[B Batch] struct {
	do    func(B) error   // may run twice, so it must set its results anew
	alone func(*Tx) error // instead of do: it runs by itself, outside of any transaction
	size  int32           // bytes it writes, roughly, and batchBytes at most
	state atomic.Int32    // waiting → started or withdrawn
	done  chan error
}

const (
	waiting = iota
	started
	withdrawn
)

// batchItems and batchBytes are what goes into one transaction at most, so that none keeps the others waiting long.
const (
	batchItems = 128
	batchBytes = 1 << 20
)

// commitDelay is how long a batch waits for as many as were in the batch before it. Those are
// likely being sealed just now; one visitor alone never waits.
const commitDelay = time.Millisecond

// refused is the error that Refuse gives.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// Refuse is an item's decided answer: it wrote nothing, and its batch goes on. Write returns err.
func Refuse(err error) error { return refused{err} }

func newWriter[B Batch](d *driver, pool *sql.DB, batch func(*Tx) B) *writer[B] {
	return &writer[B]{d: d, pool: pool, batch: batch, queue: make(chan *item[B], 2*batchItems), done: make(chan struct{})}
}

func (w *writer[B]) hand(ctx context.Context, it *item[B]) error {
	if err := w.enqueue(ctx, it); err != nil {
		return err
	}
	select {
	case err := <-it.done:
		return err
	case <-ctx.Done():
		if it.state.CompareAndSwap(waiting, withdrawn) {
			return ctx.Err()
		}
		return fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
	}
}

func (w *writer[B]) enqueue(ctx context.Context, it *item[B]) error {
	w.closing.RLock()
	defer w.closing.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.queue <- it:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close commits what waits and ends the goroutine. It is false where that was done before.
func (w *writer[B]) close() bool {
	w.closing.Lock()
	first := !w.closed
	w.closed = true
	w.closing.Unlock()
	if first {
		close(w.queue)
		<-w.done
	}
	return first
}

func (w *writer[B]) run() {
	defer close(w.done)
	for {
		items, more := w.gather()
		if len(items) > 0 {
			w.commit(items)
		}
		if !more {
			return
		}
	}
}

// commit runs the items in one transaction. If one fails, all are rolled back and each
// runs again by itself: a failing item never takes its batch along.
func (w *writer[B]) commit(items []*item[B]) {
	if w.tx == nil {
		if err := w.open(context.Background(), nil); err != nil {
			answer(items, fmt.Errorf("opening the database anew: %w", err))
			return
		}
	}
	if alone := items[0].alone; alone != nil {
		items[0].done <- alone(w.tx)
		return
	}
	b, err := w.begin()
	if err != nil {
		answer(items, err)
		return
	}
	answers, err := do(b, items)
	switch {
	case err == nil:
		w.end(items, answers)
	case len(items) == 1:
		items[0].done <- w.rollBack(err)
	default:
		_ = w.rollBack(err) // each item tells its own
		for _, it := range items {
			w.commit([]*item[B]{it})
		}
	}
}

// begin begins a transaction.
func (w *writer[B]) begin() (b B, err error) {
	if _, err := w.tx.Exec(w.d.begin); err != nil {
		return b, w.failed(err)
	}
	if err := w.checkSchema(); err != nil {
		return b, w.rollBack(err)
	}
	return w.batch(w.tx), nil
}

// do runs the items. The answers are nil or what an item refused.
func do[B Batch](b B, items []*item[B]) ([]error, error) {
	answers := make([]error, len(items))
	for i, it := range items {
		err := it.do(b)
		var no refused
		if errors.As(err, &no) {
			answers[i] = no.error
		} else if err != nil {
			return nil, err
		}
	}
	return answers, b.Finish()
}

// end commits, and only then answers.
func (w *writer[B]) end(items []*item[B], answers []error) {
	if _, err := w.tx.Exec(`commit`); err != nil {
		answer(items, w.commitFailed(err))
		return
	}
	for i, it := range items {
		it.done <- answers[i]
	}
}

func answer[B Batch](items []*item[B], err error) {
	for _, it := range items {
		it.done <- err
	}
}

// checkSchema refuses a database that does not hold what the migrations made, and nothing else. It looks again only when the
// engine's count of changes to the schema is another than it was then. Within a transaction the answer holds until its
// end. What was changed and the count set back, our connection does not see: it keeps the schema by that count.
func (w *writer[B]) checkSchema() error {
	var count int64
	if _, err := w.tx.Get(w.d.changes, nil, &count); err != nil {
		return err
	}
	if w.ours && count == w.changes {
		return nil
	}
	if err := w.d.checkSchema(w.tx.on, w.d.newest); err != nil {
		return err
	}
	w.ours, w.changes = true, count
	return nil
}

// commitFailed is the answer to a commit that failed. A disk that was full took no commit record, so
// nothing is kept once it is rolled back; after anything else nobody can say.
func (w *writer[B]) commitFailed(err error) error {
	full := w.d.full(err)
	if err = w.rollBack(err); full && w.tx != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnknown, err)
}

// rollBack undoes the transaction and gives the cause, as failed does.
func (w *writer[B]) rollBack(cause error) error {
	if cause = w.failed(cause); w.tx == nil {
		return cause
	}
	if w.tx.on.rollback(w.d); w.tx.on.lost {
		w.drop()
	}
	return cause
}

// failed gives the connection up when the error says that it may not be trusted.
func (w *writer[B]) failed(err error) error {
	if w.d.broken(err) {
		w.drop()
	}
	if w.d.full(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// open takes the connection, has prepare, if any, bring the schema up to date, and refuses a schema that is not ours.
func (w *writer[B]) open(ctx context.Context, prepare func(*driver, *Tx) error) error {
	on, err := connect(ctx, w.pool)
	if err != nil {
		return err
	}
	w.tx, w.ours = &Tx{on}, false
	if prepare != nil {
		err = prepare(w.d, w.tx)
	}
	if err == nil {
		err = w.checkSchema()
	}
	if err != nil {
		err = errors.Join(err, w.shut())
	}
	return err
}

// shut closes the connection, if there is one.
func (w *writer[B]) shut() error {
	if w.tx == nil {
		return nil
	}
	err := w.tx.on.close()
	w.tx = nil
	return err
}

// drop gives a dead connection up; the next batch opens a new one.
func (w *writer[B]) drop() {
	_ = w.shut() // it failed already: that is why
}
