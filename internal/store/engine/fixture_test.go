package engine

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// share is a transaction as these tests see it: what its items add up, Finish writes.
type share struct {
	*Tx
	sum int64
}

func (s *share) Finish() error {
	if s.sum == 0 {
		return nil
	}
	_, err := s.Exec(`update total set sum = sum + $1`, s.sum)
	return err
}

// place is where a test's database lies, and opens it, once or more.
type place struct {
	t testing.TB
	c Config[*share]
}

// opened is every engine's: what a test of the contract gets.
type opened = *Database[*share]

// eachEngine runs a test of the contract on every engine that there is.
func eachEngine(t *testing.T, test func(t *testing.T, p *place)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newPlace(t)) })
}

func newPlace(t testing.TB) *place {
	return &place{t, Config[*share]{
		Path:    filepath.Join(t.TempDir(), "data", "test.db"),
		MinFree: 1,
		Schema: Schema{
			Versions: []string{`
				create table schema_version (version bigint not null);
				create table thing (id {{key}}, name text not null unique);
				create table total (sum bigint not null);
				insert into total (sum) values (0);
				insert into schema_version (version) values (1);`},
			Owner: func(*Tx) error { return nil },
			First: func(*Tx) error { return nil },
		},
		Batch: func(tx *Tx) *share { return &share{Tx: tx} },
	}}
}

func (p *place) open() opened {
	p.t.Helper()
	db, err := Open(p.t.Context(), p.c)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			p.t.Errorf("closing: %v", err)
		}
	})
	return db
}

// tamper writes as someone would who has the file.
func (p *place) tamper(query string) {
	p.t.Helper()
	db, err := sql.Open("sqlite", p.c.Path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query); err != nil {
		p.t.Fatal(err)
	}
}

// add writes one thing.
func add(db opened, id int64) error {
	return db.Write(context.Background(), 0, insert(id))
}

func insert(id int64) func(*share) error {
	return func(s *share) error {
		_, err := s.Exec(`insert into thing (id, name) values ($1, $2)`, id, fmt.Sprint(id))
		return err
	}
}

// things counts what can be seen.
func things(t testing.TB, db opened) (n int64) {
	t.Helper()
	if _, err := db.Get(t.Context(), `select count(*) from thing`, nil, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// stall keeps the writer busy until the function it gives is called.
func stall(t testing.TB, db opened) (resume func()) {
	t.Helper()
	began, end, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = db.Write(context.Background(), 0, func(*share) error {
			close(began)
			<-end
			return nil
		})
	}()
	<-began
	return sync.OnceFunc(func() { close(end); <-done })
}

// waitFor lets goroutines get to where cond is true.
func waitFor(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for range 2000 {
		if cond() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}
