package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"sealform/forms/record"
)

// writer commits what others hand it: everything that waits goes into one transaction,
// because a commit's price is its fsync, whoever shares it. It is the only goroutine of
// the process that writes, over one connection.
type writer struct {
	dsn   string
	queue chan *item
	done  chan struct{}

	closing sync.RWMutex
	closed  bool

	// Of the goroutine alone:
	db     *sql.DB // nil: lost to an I/O error, to be opened anew
	conn   *sql.Conn
	stmts  map[string]*sql.Stmt
	known  bool  // that the schema is ours,
	count  int64 // when SQLite counted so many changes of it
	held   *item // what the last batch had no room for
	before int   // items in the last batch
}

// item is one caller's share of a transaction.
type item struct {
	do    func(*batch) error // may run twice, so it must set its results anew
	size  int                // bytes it writes, roughly
	alone bool               // it runs by itself, outside of any transaction
	state atomic.Int32       // waiting → started or withdrawn
	done  chan error
}

const (
	waiting = iota
	started
	withdrawn
)

// What goes into one transaction at most, so that none keeps the others waiting long.
const (
	batchItems = 128
	batchBytes = 1 << 20
)

// patience is how long a batch waits for the others of the batch before it. Those are
// likely being sealed just now; one visitor alone never waits.
const patience = time.Millisecond

// refused is an item's decided answer: it wrote nothing, and its batch goes on.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

func startWriter(ctx context.Context, dsn string) (*writer, error) {
	w := &writer{dsn: dsn, queue: make(chan *item, 2*batchItems), done: make(chan struct{})}
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	go w.run()
	return w, nil
}

// write hands do to the writer and waits for the commit. When ctx ends before do was
// started, nothing was done and the answer is ctx's error; when it ends after, the
// answer is forms.ErrUnknown.
func (w *writer) write(ctx context.Context, size int, do func(*batch) error) error {
	return w.hand(ctx, &item{do: do, size: size, done: make(chan error, 1)})
}

func (w *writer) hand(ctx context.Context, it *item) error {
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
		return fmt.Errorf("%w: %w", record.ErrUnknown, ctx.Err())
	}
}

func (w *writer) enqueue(ctx context.Context, it *item) error {
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

// close commits what waits and ends the goroutine.
func (w *writer) close() error {
	w.closing.Lock()
	first := !w.closed
	w.closed = true
	w.closing.Unlock()
	if !first {
		return nil
	}
	close(w.queue)
	<-w.done
	return w.shut()
}

func (w *writer) run() {
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
func (w *writer) commit(items []*item) {
	if w.db == nil {
		if err := w.open(context.Background()); err != nil {
			answer(items, fmt.Errorf("opening the database anew: %w", err))
			return
		}
	}
	if items[0].alone {
		items[0].done <- items[0].do(&batch{w: w})
		return
	}
	answers, whose, err := w.try(items)
	switch {
	case err == nil:
		for i, it := range items {
			it.done <- answers[i]
		}
	case whose == all || len(items) == 1:
		answer(items, err)
	default:
		for _, it := range items {
			w.commit([]*item{it})
		}
	}
}

// blame says whose a failure is.
type blame bool

const (
	some blame = false // an item's: the others may do better alone
	all  blame = true  // the transaction could not begin, or its outcome is unknown
)

func answer(items []*item, err error) {
	for _, it := range items {
		it.done <- err
	}
}

// try runs one transaction. The answers are nil or what an item refused. After an error
// nothing was committed, unless it is forms.ErrUnknown.
func (w *writer) try(items []*item) (answers []error, whose blame, err error) {
	b := &batch{w: w}
	if _, err := b.exec(`begin immediate`); err != nil {
		return nil, all, w.fault(err)
	}
	if err := w.familiar(b); err != nil {
		return nil, all, w.undo(err)
	}
	answers = make([]error, len(items))
	for i, it := range items {
		err := it.do(b)
		var no refused
		if errors.As(err, &no) {
			answers[i] = no.error
		} else if err != nil {
			return nil, some, w.undo(err)
		}
	}
	if err := b.finish(); err != nil {
		return nil, some, w.undo(err)
	}
	if _, err := b.exec(`commit`); err != nil {
		return nil, all, w.doubt(err)
	}
	return answers, all, nil
}

// doubt is the answer to a failed commit. A disk that was full took no commit record, so
// nothing is kept once it is rolled back; after anything else nobody can say.
func (w *writer) doubt(err error) error {
	full := isFull(err)
	if err = w.undo(err); full && w.db != nil {
		return err
	}
	return fmt.Errorf("%w: %w", record.ErrUnknown, err)
}

// undo rolls back. A connection that cannot even do that is given up.
func (w *writer) undo(cause error) error {
	if cause = w.fault(cause); w.db == nil {
		return cause
	}
	b := &batch{w: w}
	if _, err := b.exec(`rollback`); err != nil && !strayRollback(err) {
		w.drop()
	}
	return cause
}

// fault gives the connection up after an error of the disk: what SQLite then believes to
// be in its files may not be there.
func (w *writer) fault(err error) error {
	if isBroken(err) {
		w.drop()
	}
	if isFull(err) {
		return fmt.Errorf("%w: %w", record.ErrFull, err)
	}
	return err
}
