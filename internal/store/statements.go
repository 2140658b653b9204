package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// statements are the snapshots' queries, prepared once: preparing costs more than most of them take to run. A query that a
// snapshot meets for the first time runs unprepared and is prepared before the next snapshot begins, as preparing needs
// a connection and a snapshot that waited for a second one could wait for ever. All queries are constants of this
// package, so they stay few.
type statements struct {
	preparing sync.Mutex

	mu     sync.Mutex
	ready  map[string]*sql.Stmt
	wanted map[string]bool
}

// statement gives the prepared query, or nil and remembers that it is wanted.
func (k *statements) statement(query string) *sql.Stmt {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	st := k.ready[query]
	if st == nil {
		if k.wanted == nil {
			k.wanted = map[string]bool{}
		}
		k.wanted[query] = true
	}
	return st
}

// prepare makes ready what was wanted, one caller at a time. The caller holds no connection.
func (k *statements) prepare(ctx context.Context, db *sql.DB) error {
	if !k.wants() {
		return nil
	}
	k.preparing.Lock()
	defer k.preparing.Unlock()
	k.mu.Lock()
	wanted := k.wanted
	k.wanted = nil
	k.mu.Unlock()
	for query := range wanted {
		if k.statement(query) != nil {
			continue
		}
		st, err := db.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		k.keep(query, st)
	}
	return nil
}

func (k *statements) wants() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.wanted) > 0
}

func (k *statements) keep(query string, st *sql.Stmt) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ready == nil {
		k.ready = map[string]*sql.Stmt{}
	}
	k.ready[query] = st
	delete(k.wanted, query)
}

// close closes the statements; the connections stay.
func (k *statements) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var err error
	for _, st := range k.ready {
		err = errors.Join(err, st.Close())
	}
	k.ready = nil
	return err
}
