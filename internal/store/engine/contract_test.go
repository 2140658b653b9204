package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

// One writer at a time: what a transaction reads stays so until it commits, whichever process writes beside it.
func TestOneWriter(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		handles := []opened{p.open(), p.open()}
		const each = 60
		var wg sync.WaitGroup
		for _, db := range handles {
			for range 3 {
				wg.Go(func() {
					for range each / 3 {
						err := db.Write(t.Context(), 0, func(s *share) error {
							var last int64
							if _, err := s.Get(`select coalesce(max(id), 0) from thing`, nil, &last); err != nil {
								return err
							}
							return insert(last + 1)(s)
						})
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		wg.Wait()
		var n, last int64
		if _, err := handles[0].Get(t.Context(), `select count(*), max(id) from thing`, nil, &n, &last); err != nil {
			t.Fatal(err)
		}
		if want := int64(each * len(handles)); n != want || last != want {
			t.Errorf("%d rows up to %d, want %d", n, last, want)
		}
	})
}

// Commits become visible in order: whoever sees one sees all before it.
func TestCommitsInOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		db, other := p.open(), p.open()
		const n = 100
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range int64(n) {
				if err := add(db, i+1); err != nil {
					t.Error(err)
				}
			}
		}()
		for last := int64(0); last < n; {
			var count int64
			if _, err := other.Get(t.Context(), `select count(*), coalesce(max(id), 0) from thing`, nil, &count, &last); err != nil {
				t.Fatal(err)
			}
			if count != last {
				t.Errorf("the last is %d, but %d are there", last, count)
			}
		}
		<-done
	})
}

// A snapshot is one state, whatever is committed meanwhile, and nothing is written there.
func TestSnapshot(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		db := p.open()
		if err := add(db, 1); err != nil {
			t.Fatal(err)
		}
		err := db.Snapshot(t.Context(), func(r *Snapshot) error {
			for id := range int64(3) {
				var n int64
				if _, err := r.Get(t.Context(), `select count(*) from thing`, nil, &n); err != nil || n != 1 {
					t.Errorf("%d rows: %v", n, err)
				}
				if err := add(db, id+2); err != nil {
					t.Error(err)
				}
			}
			if _, err := r.Get(t.Context(), `delete from thing returning id`, nil, new(int64)); err == nil {
				t.Error("a snapshot was written")
			}
			return nil
		})
		if n := things(t, db); err != nil || n != 4 {
			t.Errorf("afterwards %d rows: %v", n, err)
		}
	})
}

// While rows are read no other statement runs on the connection, whatever the engine could do; afterwards one does.
func TestOneCursor(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		db := p.open()
		for id := range int64(3) {
			if err := add(db, id); err != nil {
				t.Fatal(err)
			}
		}
		const all, one = `select id from thing order by id`, `select id from thing where id = $1`
		err := db.Snapshot(t.Context(), func(r *Snapshot) error {
			inside := r.Each(t.Context(), all, nil, func(func(...any) error) error {
				_, err := r.Get(t.Context(), one, []any{1}, new(int64))
				return err
			})
			if !errors.Is(inside, errCursor) {
				t.Errorf("in a snapshot: %v", inside)
			}
			_, err := r.Get(t.Context(), one, []any{1}, new(int64))
			return err
		})
		if err != nil {
			t.Error(err)
		}
		err = db.Write(t.Context(), 0, func(s *share) error {
			for name, other := range map[string]func() error{
				"exec": func() error { _, err := s.Exec(`delete from thing`); return err },
				"get":  func() error { _, err := s.Get(one, []any{1}, new(int64)); return err },
				"each": func() error { return s.Each(all, nil, nil) },
			} {
				inside := s.Each(all, nil, func(func(...any) error) error { return other() })
				if !errors.Is(inside, errCursor) {
					t.Errorf("%s in a transaction: %v", name, inside)
				}
			}
			_, err := s.Exec(`delete from thing where id = 1`)
			return err
		})
		if n := things(t, db); err != nil || n != 2 {
			t.Errorf("afterwards %d rows: %v", n, err)
		}
	})
}

// What the items of a transaction leave to Finish is of the same commit, once.
func TestFinish(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		db := p.open()
		resume := stall(t, db)
		defer resume()
		const n = 20
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				err := db.Write(t.Context(), 0, func(s *share) error {
					if i == 0 {
						return errors.New("no")
					}
					s.sum++
					return nil
				})
				if (err != nil) != (i == 0) {
					t.Error(i, err)
				}
			})
		}
		waitFor(t, "all wait", func() bool { return db.Waiting() == n })
		resume()
		wg.Wait()
		var sum int64
		if _, err := db.Get(t.Context(), `select sum from total`, nil, &sum); err != nil || sum != n-1 {
			t.Errorf("the sum is %d, want %d: %v", sum, n-1, err)
		}
	})
}

// A caller who gives up before its turn wrote nothing; one who gives up later does not know.
func TestGivenUp(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		db := p.open()
		resume := stall(t, db)
		defer resume()
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan error, 1)
		go func() { answer <- db.Write(ctx, 0, insert(1)) }()
		waitFor(t, "it waits", func() bool { return db.Waiting() == 1 })
		cancel()
		if err := <-answer; !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnknown) {
			t.Errorf("before its turn: %v", err)
		}
		resume()

		ctx, cancel = context.WithCancel(t.Context())
		began, end := make(chan struct{}), make(chan struct{})
		go func() {
			answer <- db.Write(ctx, 0, func(s *share) error {
				close(began)
				<-end
				return insert(2)(s)
			})
		}()
		<-began
		cancel()
		if err := <-answer; !errors.Is(err, ErrUnknown) {
			t.Errorf("in its turn: %v", err)
		}
		close(end)
		if err := add(db, 3); err != nil {
			t.Error(err)
		}
		if n := things(t, db); n != 2 {
			t.Errorf("%d rows, want the second and the third", n)
		}
	})
}

// Close commits what waits, and takes nothing more.
func TestClose(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		db := p.open()
		resume := stall(t, db)
		const n = 20
		var wg sync.WaitGroup
		for id := range int64(n) {
			wg.Go(func() {
				if err := add(db, id); err != nil {
					t.Error(err)
				}
			})
		}
		waitFor(t, "all wait", func() bool { return db.Waiting() == n })
		closed := make(chan error)
		go func() { closed <- db.Close() }()
		resume()
		wg.Wait()
		if err := <-closed; err != nil {
			t.Fatal(err)
		}
		if err := add(db, n); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if got := things(t, p.open()); got != n {
			t.Errorf("%d rows", got)
		}
	})
}

// A database is brought to the newest version step by step, and refused where it is newer or another's.
func TestMigrations(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		begun, no := 0, errors.New("another's")
		p.c.Schema.First = func(tx *Tx) error {
			begun++
			_, err := tx.Exec(`insert into thing (id, name) values (1, 'first')`)
			return err
		}
		if err := p.open().Close(); err != nil {
			t.Fatal(err)
		}
		older := p.c.Schema.Versions
		p.c.Schema.Versions = append(slices.Clone(older), `create table more (id {{key}}); update schema_version set version = 2`)
		for range 2 {
			db := p.open()
			if n := things(t, db); n != 1 || begun != 1 {
				t.Errorf("%d rows; begun %d times", n, begun)
			}
			if err := db.Write(t.Context(), 0, func(s *share) error { _, err := s.Exec(`insert into more (id) select count(*) from more`); return err }); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		p.c.Schema.Owner = func(*Tx) error { return no }
		if _, err := Open(t.Context(), p.c); !errors.Is(err, no) {
			t.Errorf("another's: %v", err)
		}
		p.c.Schema.Versions = older
		if _, err := Open(t.Context(), p.c); err == nil || !strings.Contains(err.Error(), "newer") {
			t.Errorf("a newer one: %v", err)
		}
	})
}

// A migration that fails leaves the version before it, whole.
func TestMigrationThatFails(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		older := p.c.Schema.Versions
		p.c.Schema.Versions = append(slices.Clone(older), `create table more (id {{key}}); update nothing set version = 2`)
		if _, err := Open(t.Context(), p.c); err == nil {
			t.Fatal("it was opened")
		}
		p.c.Schema.Versions = older
		if err := add(p.open(), 1); err != nil {
			t.Error(err)
		}
	})
}

// What the migrations did not make stops all writing until it is gone, and is told.
func TestForeign(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		db := p.open()
		for _, step := range []struct {
			do   string
			want []string
		}{
			{`create table theirs (id bigint)`, []string{"the database holds a table that is not ours"}},
			{`drop table theirs`, nil},
		} {
			p.tamper(step.do)
			err := db.Snapshot(t.Context(), func(r *Snapshot) error {
				found, err := r.Foreign(t.Context())
				if !slices.Equal(found, step.want) {
					t.Errorf("%s: found %q", step.do, found)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			if err := add(db, 1); (err != nil) != (step.want != nil) {
				t.Errorf("%s: %v", step.do, err)
			}
		}
	})
}

// Room is ErrFull where less is free than there must be.
func TestRoom(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		if err := p.open().Room(); err != nil {
			t.Error(err)
		}
		p.c.MinFree = 1 << 62
		if err := p.open().Room(); !errors.Is(err, ErrFull) {
			t.Errorf("on a full disk: %v", err)
		}
	})
}

// More may read at once than there are connections; one that gives up waiting gets its context's error.
func TestReaders(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		db := p.open()
		end := make(chan struct{})
		var all, inside sync.WaitGroup
		for range mostReaders {
			inside.Add(1)
			all.Go(func() {
				err := db.Snapshot(t.Context(), func(*Snapshot) error {
					inside.Done()
					<-end
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		inside.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := db.Get(ctx, `select 1`, nil, new(int)); !errors.Is(err, context.Canceled) {
			t.Errorf("it did not wait: %v", err)
		}
		for i := range 3 * mostReaders {
			all.Go(func() {
				var n int
				if _, err := db.Get(t.Context(), `select cast($1 as bigint)`, []any{i}, &n); err != nil || n != i {
					t.Errorf("%d: %d %v", i, n, err)
				}
			})
		}
		close(end)
		all.Wait()
		if n := len(db.idle); n != mostReaders {
			t.Errorf("%d connections are kept", n)
		}
	})
}

// A panic of whoever reads costs a connection and no more.
func TestReaderThatPanics(t *testing.T) {
	eachEngine(t, func(t *testing.T, p *place) {
		db := p.open()
		for range mostReaders + 1 {
			func() {
				defer func() { _ = recover() }()
				_ = db.Snapshot(t.Context(), func(*Snapshot) error { panic("a handler's") })
			}()
		}
		if n := things(t, db); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}
