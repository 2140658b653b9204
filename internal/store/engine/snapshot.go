package engine

import (
	"context"
	"database/sql"
	"errors"
)

// mostReaders is how many connections read beside the writer.
const mostReaders = 4

// readers are the connections that read. Each is opened when those that are open are in use.
type readers struct {
	d     *driver
	pool  *sql.DB
	slots chan struct{} // as many as may be in use
	idle  chan *session
}

func (r *readers) open(d *driver) error {
	pool, err := sql.Open(d.name, d.reading)
	if err != nil {
		return err
	}
	pool.SetMaxIdleConns(0) // idle ones are kept here, with their statements
	*r = readers{d, pool, make(chan struct{}, mostReaders), make(chan *session, mostReaders)}
	return nil
}

func (r *readers) close() error {
	var err error
	for len(r.idle) > 0 {
		err = errors.Join(err, (<-r.idle).close())
	}
	return errors.Join(err, r.pool.Close())
}

// Get reads the first row into dest, as it is at this moment; found is false when there is none.
func (r *readers) Get(ctx context.Context, query string, args []any, dest ...any) (found bool, err error) {
	err = r.lend(ctx, func(c *session) (err error) {
		found, err = c.Get(ctx, query, args, dest...)
		return err
	})
	return found, err
}

// Each reads all rows, as they are at this moment, calling row for each.
func (r *readers) Each(ctx context.Context, query string, args []any, row func(scan func(...any) error) error) error {
	return r.lend(ctx, func(c *session) error { return c.Each(ctx, query, args, row) })
}

// Snapshot lends a state of the database that does not change meanwhile. What use calls must not ask for another: all
// of them could wait for each other.
func (r *readers) Snapshot(ctx context.Context, use func(*Snapshot) error) error {
	return r.lend(ctx, func(c *session) error {
		if _, err := c.exec(ctx, r.d.snapshot); err != nil {
			c.lost = true // where ctx ended, it may have begun all the same
			return err
		}
		defer c.rollback(r.d)
		return use(&Snapshot{c, r.d})
	})
}

// lend gives use a connection, which is kept for the next if it can be trusted then.
func (r *readers) lend(ctx context.Context, use func(*session) error) (err error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	var c *session
	select {
	case c = <-r.idle:
	default:
		if c, err = connect(ctx, r.pool); err != nil {
			return err
		}
	}
	sound := false // unless use returns
	defer func() {
		if sound {
			r.idle <- c
		} else {
			_ = c.close() // it failed already: that is why
		}
	}()
	err = use(c)
	sound = !c.lost && !r.d.broken(err)
	return err
}

// Snapshot is one state of the database.
type Snapshot struct {
	*session
	d *driver
}

// Foreign says, a sentence each, what the schema holds that the migrations did not make, and what it lacks.
func (r *Snapshot) Foreign(ctx context.Context) ([]string, error) {
	return r.d.foreign(ctx, r.session, r.d.newest)
}
