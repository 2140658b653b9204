// Package engine keeps rows: transactions, group commit, snapshots, migrations and the guards around them. It knows the
// database's driver and no subject of ours: what the rows mean is the store's, which gives it the schema (Config).
//
// The contract, which contract_test.go holds every engine to:
//
//   - One writer at a time. Write hands a function to the one goroutine of the process that writes; its transaction
//     keeps other processes' out, from its beginning to its end. What it reads is so until it commits.
//   - Commits become visible in order: who sees one sees all before it.
//   - Committed means on disk. What waits is committed together, as a commit's price is its fsync; an item that fails
//     never takes the others along: all is rolled back and each runs again alone. An item's function may therefore run
//     twice. Refuse is an item's answer that undoes nothing.
//   - A snapshot is one state of the database for as long as it is lent, beside the writer. Nothing is written there.
//   - One statement at a time on a connection: while Each calls back, no other statement may run in the same
//     transaction or snapshot. It is refused, as an engine may have no second cursor.
//   - Statements are constants with $1, $2 …, prepared once on each connection; values are int64, string, []byte.
//
// Every error leaves nothing committed, but for ErrUnknown. ErrFull is a full disk. What differs between engines is the
// type driver; sqlite.go has the one that there is.
//
// A database is refused when it is newer than the schema, another's (Schema.Owner), lies where it is not safe, or holds
// what the migrations did not make; the last also while it is open: nothing is written then.
package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Errors that a caller decides on.
var (
	// ErrClosed says that the database was closed.
	ErrClosed = errors.New("the database is closed")
	// ErrFull says that the disk has too little room.
	ErrFull = errors.New("no room on disk")
	// ErrUnknown says that a commit may have been done or not.
	ErrUnknown = errors.New("the commit's outcome is unknown")
)

// Config says where a database lies and what it is to hold. B is the user's view of one transaction.
type Config[B Batch] struct {
	Path    string // SQLite's file; made with mode 0600, its folder 0700
	MinFree int64  // bytes that must stay free on the disk, else Room is ErrFull; 0: max(512 MiB, 5 %)
	Schema  Schema
	Batch   func(*Tx) B // begins the view of a transaction
}

// Batch is the state that the items of one transaction share.
type Batch interface {
	// Finish writes, behind the last item and before the commit, what the items left to it.
	Finish() error
}

// driver holds the differences between engines. Whoever uses it never asks which one it is.
type driver struct {
	name             string            // the driver's, for database/sql
	writing, reading string            // data source names: of the writer, of readers
	marks            *strings.Replacer // what the engine says for the marks in a schema's text
	begin            string            // begins a transaction of the writer, once no other process has one
	snapshot         string            // begins one that only reads
	tables           string            // counts the tables of a name
	changes          string            // counts the changes of the schema

	// safe makes the place of the data private, and refuses one that is not safe.
	safe func() error
	// library refuses a version of the engine that may damage the data.
	library func(*Tx) error
	newest  int // version of the schema
	// foreign lists the objects of the schema that the migrations up to a version did not make, and those that are missing.
	foreign func(ctx context.Context, on *session, version int) ([]string, error)
	// wipe empties the log of what was written, unless somebody is in the way.
	wipe func(*Tx) (clean bool, err error)
	// low says that there is too little room on disk.
	low func() (bool, error)

	busy   func(error) bool // another process is in the way
	broken func(error) bool // the connection may not be trusted any more
	full   func(error) bool // the disk had no room: nothing was committed
	ended  func(error) bool // there was no transaction to roll back
}

// checkSchema refuses a database that does not hold what the migrations up to that version made, and nothing else.
func (d *driver) checkSchema(on *session, version int) error {
	found, err := d.foreign(context.Background(), on, version)
	if err == nil && len(found) > 0 {
		err = errors.New(found[0])
	}
	return err
}

// Database is an open database. It is safe for use by many goroutines at once.
type Database[B Batch] struct {
	readers
	w    *writer[B]
	disk disk
}

// Open opens a database, making or migrating it as needed.
func Open[B Batch](ctx context.Context, c Config[B]) (*Database[B], error) {
	d := newSQLite(c.Path, c.MinFree, c.Schema.Versions)
	if err := d.safe(); err != nil {
		return nil, err
	}
	pool, err := sql.Open(d.name, d.writing)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	pool.SetMaxIdleConns(0) // a connection that is given back is closed
	db := &Database[B]{w: newWriter(d, pool, c.Batch), disk: disk{low: d.low}}
	err = patiently(ctx, d.busy, func() error { return db.w.open(ctx, c.Schema.migrate) })
	if err == nil {
		err = db.readers.open(d)
	}
	if err != nil {
		return nil, errors.Join(err, db.w.shut(), pool.Close())
	}
	go db.w.run()
	return db, nil
}

// Room is nil, or ErrFull when the disk has less free space than there must be. Reading and erasing go on then: that is
// what the rest is kept for.
func (db *Database[B]) Room() error { return db.disk.room() }

// Write hands do to the writer and waits for the commit; size is how many bytes it writes, roughly. When ctx ends before
// do was started, nothing was done and the answer is ctx's error; when it ends after, the answer is ErrUnknown.
func (db *Database[B]) Write(ctx context.Context, size int, do func(B) error) error {
	return db.w.hand(ctx, &item[B]{do: do, size: int32(min(size, batchBytes)), done: make(chan error, 1)}) //nolint:gosec // batchBytes at most
}

// Wipe empties the engine's log of what was written, so that what was erased does not linger there, and then calls clean,
// before anything else is written. While a reader or another process is in the way it does nothing.
func (db *Database[B]) Wipe(ctx context.Context, clean func()) error {
	return db.w.hand(ctx, &item[B]{done: make(chan error, 1), alone: func(tx *Tx) error {
		done, err := db.w.d.wipe(tx)
		if done && err == nil {
			clean()
		}
		return err
	}})
}

// Waiting is how many calls of Write wait for the writer.
func (db *Database[B]) Waiting() int { return len(db.w.queue) }

// Close commits what waits, then closes the database. Nothing may be reading it.
func (db *Database[B]) Close() error {
	if !db.w.close() {
		return nil
	}
	if err := errors.Join(db.w.shut(), db.w.pool.Close(), db.readers.close()); err != nil {
		return fmt.Errorf("closing the database: %w", err)
	}
	return nil
}
