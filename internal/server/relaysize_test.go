package server

import (
	"bytes"
	"database/sql"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sealform/internal/event"
	"sealform/internal/server/servertest"
)

// TestSizeThatCannotBeNoted: a size that the store did not take is tried again, and counts only once it is there; a relay
// that takes next to nothing is told, and what was known before holds.
// covers ML10
func TestSizeThatCannotBeNoted(t *testing.T) {
	f := servertest.New(t, time.Now())
	var said bytes.Buffer
	s := open(t, f, time.Now, event.New(slog.NewTextHandler(&said, nil)))
	db, err := sql.Open("sqlite", f.Path("data", "sealform.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	do := func(statement string) {
		t.Helper()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	knows := func(want int64) {
		t.Helper()
		noted, err := s.store.RelaySize(t.Context())
		if known := s.size.stored.Load(); known != want || noted != want || err != nil {
			t.Fatalf("known %d, noted %d, want %d: %v\n%s", known, noted, want, err, &said)
		}
	}
	s.size.learn(10 << 20)
	knows(10 << 20)
	do("create trigger full before update on relay begin select raise(abort, 'full'); end")
	s.size.learn(5 << 20)
	knows(10 << 20)
	s.size.refresh(t.Context())
	knows(10 << 20)
	if n := strings.Count(said.String(), "size_not_noted"); n != 2 {
		t.Errorf("told %d times:\n%s", n, &said)
	}
	do("drop trigger full")
	s.size.refresh(t.Context())
	knows(5 << 20)
	s.size.learn(leastSize - 1)
	knows(5 << 20)
	if !strings.Contains(said.String(), "msg=trouble task=relay code=size_too_small") {
		t.Errorf("the log:\n%s", &said)
	}
	s.size.learn(leastSize)
	knows(leastSize)
	s.size.learn(0) // it names none any more
	knows(0)
}

// open opens the folder's service with no role.
func open(t *testing.T, f *servertest.Folder, now func() time.Time, events *event.Log) *Server {
	t.Helper()
	s, err := Open(t.Context(), Options{Config: f.Config(t), Events: events, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
