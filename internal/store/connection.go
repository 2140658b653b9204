package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// open takes the writer's one connection, unless the schema is not ours. Statements are prepared on first use.
func (w *writer) open(ctx context.Context) error {
	db, err := sql.Open("sqlite", w.dsn)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	w.db, w.conn, w.stmts, w.known = db, conn, map[string]*sql.Stmt{}, false
	if err := w.familiar(&batch{w: w}); err != nil {
		return errors.Join(err, w.shut())
	}
	return nil
}

// shut closes the connection.
func (w *writer) shut() error {
	if w.db == nil {
		return nil
	}
	var err error
	for _, st := range w.stmts {
		err = errors.Join(err, st.Close())
	}
	err = errors.Join(err, w.conn.Close(), w.db.Close())
	w.db, w.conn, w.stmts = nil, nil, nil
	return err
}

// drop gives a dead connection up; the next batch opens a new one.
func (w *writer) drop() {
	_ = w.shut() // it failed already: that is why
}

// patiently does again what ends in SQLITE_BUSY, for ten seconds: a new database is taken
// to WAL mode under a lock that SQLite's own busy handler does not wait for.
func patiently(ctx context.Context, do func() error) error {
	for begun := time.Now(); ; {
		err := do()
		if code(err) != codeBusy || time.Since(begun) > 10*time.Second {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// SQLite's primary result codes (https://sqlite.org/rescode.html).
const (
	codeBusy     = 5
	codeIO       = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeNotADB   = 26
)

// code is the primary result code of an error of SQLite, else 0.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// isBroken says that the connection may not be trusted any more.
func isBroken(err error) bool {
	switch code(err) {
	case codeIO, codeCorrupt, codeCantOpen, codeNotADB:
		return true
	}
	return errors.Is(err, sql.ErrConnDone)
}

func isFull(err error) bool { return code(err) == codeFull }

// strayRollback: SQLite had rolled back by itself, so there was nothing to undo.
func strayRollback(err error) bool {
	return strings.Contains(err.Error(), "no transaction is active")
}
