package engine

import (
	"context"
	"database/sql"
	"errors"
)

// session is one connection with the statements that were prepared on it: preparing costs more than most of them take to
// run. All are constants of the program, so they stay few.
type session struct {
	conn   *sql.Conn
	ready  map[string]*sql.Stmt
	cursor bool // rows are being read
	lost   bool // nobody knows whether a transaction is open on it
}

func connect(ctx context.Context, pool *sql.DB) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, ready: map[string]*sql.Stmt{}}, nil
}

// errCursor: an engine may have no second cursor on a connection.
var errCursor = errors.New("a statement while the rows of another are being read")

func (c *session) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if c.cursor {
		return nil, errCursor
	}
	if st, ok := c.ready[query]; ok {
		return st, nil
	}
	st, err := c.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.ready[query] = st
	return st, nil
}

func (c *session) exec(ctx context.Context, query string, args ...any) (int64, error) {
	st, err := c.prepared(ctx, query) //nolint:sqlclosecheck // it is kept with the connection and closed there
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Get reads the first row into dest; found is false when there is none.
func (c *session) Get(ctx context.Context, query string, args []any, dest ...any) (found bool, err error) {
	st, err := c.prepared(ctx, query) //nolint:sqlclosecheck // it is kept with the connection and closed there
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Each reads all rows, calling row for each. No other statement may run on the connection meanwhile.
func (c *session) Each(ctx context.Context, query string, args []any, row func(scan func(...any) error) error) (err error) {
	st, err := c.prepared(ctx, query) //nolint:sqlclosecheck // it is kept with the connection and closed there
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	c.cursor = true
	defer func() {
		c.cursor = false
		err = errors.Join(err, rows.Close())
	}()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// rollback ends a transaction and undoes it. A connection that cannot even do that is lost.
func (c *session) rollback(d *driver) {
	if _, err := c.exec(context.Background(), `rollback`); err != nil && !d.ended(err) {
		c.lost = true
	}
}

// close closes the statements and the connection.
func (c *session) close() error {
	var err error
	for _, st := range c.ready {
		err = errors.Join(err, st.Close())
	}
	return errors.Join(err, c.conn.Close())
}

// Tx is a transaction of the writer. Its statements run under no caller's context: a started item is committed or fails,
// and does not stop halfway.
type Tx struct{ on *session }

// Exec runs one statement and says how many rows it changed.
func (t *Tx) Exec(query string, args ...any) (int64, error) {
	return t.on.exec(context.Background(), query, args...)
}

// Get reads the first row into dest; found is false when there is none.
func (t *Tx) Get(query string, args []any, dest ...any) (found bool, err error) {
	return t.on.Get(context.Background(), query, args, dest...)
}

// Each reads all rows, calling row for each. No other statement may run meanwhile.
func (t *Tx) Each(query string, args []any, row func(scan func(...any) error) error) error {
	return t.on.Each(context.Background(), query, args, row)
}

// script runs several statements that return nothing.
func (t *Tx) script(text string) error {
	_, err := t.on.conn.ExecContext(context.Background(), text)
	return err
}
