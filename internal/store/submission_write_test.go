package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sealform/forms/record"
)

// stall keeps the writer busy until the function it gives is called.
func stall(t testing.TB, s *Store) (resume func()) {
	t.Helper()
	began, end, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = s.write(context.Background(), 0, func(*batch) error {
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

func TestWithdrawn(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	put(t, s, x.submission(t, "contact", []byte("first")))
	resume := stall(t, s)
	defer resume()
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	sub := x.submission(t, "contact", []byte("second"))
	go func() {
		_, err := s.Put(ctx, sub)
		answer <- err
	}()
	waitFor(t, "it waits", func() bool { return s.db.Waiting() == 1 })
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) || errors.Is(err, record.ErrUnknown) {
		t.Errorf("withdrawn before it was started: %v", err)
	}
	resume()
	put(t, s, x.submission(t, "contact", []byte("third")))
	if n := count(t, s, "submission"); n != 2 {
		t.Errorf("%d rows: what was withdrawn was written", n)
	}
}

// covers R06
func TestLockedByAnother(t *testing.T) {
	c := config(t, newClock())
	s := openStore(t, c)
	x := newSealer(t)
	put(t, s, x.submission(t, "contact", []byte("first")))

	other, err := sql.Open("sqlite", another(c.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	sub := x.submission(t, "contact", []byte("second"))
	if _, err := s.Put(ctx, sub); !errors.Is(err, record.ErrUnknown) {
		t.Errorf("while locked: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	kept, err := s.Put(t.Context(), sub)
	if err != nil || !kept.Repeat || kept.Reference != sub.Reference {
		t.Errorf("the same again: %+v %v", kept, err)
	}
}

func TestCloseCommitsWhatWaits(t *testing.T) {
	c := config(t, newClock())
	s := openStore(t, c)
	x := newSealer(t)
	put(t, s, x.submission(t, "contact", []byte("first")))
	resume := stall(t, s)
	const n = 20
	var wg sync.WaitGroup
	for i := range n {
		sub := x.submission(t, "contact", fmt.Append(nil, i))
		wg.Go(func() {
			if _, err := s.Put(t.Context(), sub); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, "all wait", func() bool { return s.db.Waiting() == n })
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	resume()
	wg.Wait()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), x.submission(t, "contact", []byte("late"))); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if got := count(t, openStore(t, c), "submission"); got != n+1 {
		t.Errorf("%d rows", got)
	}
}

// covers R03
func TestDiskFaultAndRecovery(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	put(t, s, x.submission(t, "contact", []byte("before")))
	sub := x.submission(t, "contact", []byte("meanwhile"))

	restore := limitFiles(t, 4096) // every write of the WAL fails, with an error that is not "disk full"
	_, err := s.Put(t.Context(), sub)
	restore()
	if !errors.Is(err, record.ErrUnknown) {
		t.Errorf("while writing failed: %v", err)
	}
	kept, err := s.Put(t.Context(), sub)
	if err != nil || kept.Reference != sub.Reference {
		t.Errorf("afterwards: %+v %v", kept, err)
	}
	if n := count(t, s, "submission"); n != 2 {
		t.Errorf("%d rows", n)
	}
	if f := findings(t, s); len(f) != 0 {
		t.Error(f)
	}
}

func limitFiles(t testing.TB, size uint64) (restore func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}
}

// covers R04
func TestFullDatabase(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	first := x.submission(t, "contact", []byte("first"))
	put(t, s, first)
	pages := func(limit int) {
		err := s.write(t.Context(), 0, func(b *batch) error {
			_, err := b.Get(fmt.Sprintf(`pragma max_page_count = %d`, limit), nil, new(int))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	pages(1) // SQLite then allows what there is, and no page more
	sub := x.submission(t, "contact", make([]byte, 9000))
	if _, err := s.Put(t.Context(), sub); !errors.Is(err, record.ErrFull) {
		t.Errorf("full: %v", err)
	}
	if _, err := s.Submission(t.Context(), first.ID); err != nil {
		t.Errorf("reading while full: %v", err)
	}
	if err := s.Delete(t.Context(), first.ID, "", staff("erased")); err != nil {
		t.Errorf("erasing while full: %v", err)
	}
	pages(1 << 20)
	put(t, s, sub)
}

// covers R04
func TestLowDisk(t *testing.T) {
	c := config(t, newClock())
	s := openStore(t, c)
	x := newSealer(t)
	first := x.submission(t, "contact", []byte("first"))
	put(t, s, first)
	c.MinFree = 1 << 62
	low := openStore(t, c)
	if err := low.Room(); !errors.Is(err, record.ErrFull) {
		t.Errorf("room on a low disk: %v", err)
	}
	sub := x.submission(t, "contact", []byte("second"))
	if _, err := low.Put(t.Context(), sub); !errors.Is(err, record.ErrFull) {
		t.Errorf("low: %v", err)
	}
	if kept, err := low.Put(t.Context(), first); err != nil || !kept.Repeat {
		t.Errorf("a repeat needs no room: %+v %v", kept, err)
	}
	if err := low.Audit(t.Context(), staff("opened", first.Reference)); err != nil {
		t.Error(err)
	}
	if err := low.Delete(t.Context(), first.ID, "", staff("erased")); err != nil {
		t.Error(err)
	}
	if err := s.Room(); err != nil {
		t.Errorf("room again: %v", err)
	}
	put(t, s, sub)
}
