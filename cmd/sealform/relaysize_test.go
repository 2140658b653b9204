package main

import (
	"bytes"
	"database/sql"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sealform/internal/config"
	"sealform/internal/event"
)

// TestSizeThatCannotBeNoted: a size that the store did not take is tried again, and counts only once it is there; a relay
// that takes next to nothing is told, and what was known before holds.
// covers ML10
func TestSizeThatCannotBeNoted(t *testing.T) {
	f := newFolder(t, time.Now())
	var said bytes.Buffer
	h := f.house(t, time.Now, event.New(slog.NewTextHandler(&said, nil)))
	db, err := sql.Open("sqlite", f.path("data", "sealform.db"))
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
		noted, err := h.store.RelaySize(t.Context())
		if known := h.relaySize.known.Load(); known != want || noted != want || err != nil {
			t.Fatalf("known %d, noted %d, want %d: %v\n%s", known, noted, want, err, &said)
		}
	}
	h.sized(10 << 20)
	knows(10 << 20)
	do("create trigger full before update on relay begin select raise(abort, 'full'); end")
	h.sized(5 << 20)
	knows(10 << 20)
	h.lookAtRelay(t.Context())
	knows(10 << 20)
	if n := strings.Count(said.String(), "size_not_noted"); n != 2 {
		t.Errorf("told %d times:\n%s", n, &said)
	}
	do("drop trigger full")
	h.lookAtRelay(t.Context())
	knows(5 << 20)
	h.sized(leastSize - 1)
	knows(5 << 20)
	if !strings.Contains(said.String(), "msg=trouble task=relay code=size_too_small") {
		t.Errorf("the log:\n%s", &said)
	}
	h.sized(leastSize)
	knows(leastSize)
	h.sized(0) // it names none any more
	knows(0)
}

// house opens the folder's service, with its doors shut.
func (f *folder) house(t *testing.T, now func() time.Time, events *event.Log) *house {
	t.Helper()
	cfg, err := config.Read(f.path(config.FileName), config.Over{})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Viewer.Hosts = []string{"staff.localhost"}
	h, err := (&program{now: now}).openHouse(t.Context(), cfg, nil, nil, events)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.close(); err != nil {
			t.Error(err)
		}
	})
	return h
}
