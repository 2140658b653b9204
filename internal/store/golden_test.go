package store

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// golden opens a copy of a database that an older program made, six minutes after 20 November 2026, 9:00.
func golden(t testing.TB, name string) (*Store, *clock) {
	t.Helper()
	cfg, c := goldenCopy(t, name)
	return openStore(t, cfg), c
}

// goldenCopy copies such a database, and does not open it.
func goldenCopy(t testing.TB, name string) (Config, *clock) {
	t.Helper()
	c := newClock()
	c.add(6 * time.Minute)
	cfg := config(t, c)
	for from, to := range map[string]string{"sealform.db": cfg.Path, "audit.head": cfg.HeadFile} {
		b, err := os.ReadFile(filepath.Join("testdata", name, from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cfg, c
}

// A trigger put into an older database refuses it before the migrations write, so it never runs. covers LK10 and R17
func TestGoldenWithATrigger(t *testing.T) {
	cfg, _ := goldenCopy(t, "golden-1")
	db, err := sql.Open("sqlite", another(cfg.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	holds := func() (jobs, version int) {
		t.Helper()
		if err := db.QueryRow(`select (select count(*) from outbox), version from schema_version`).Scan(&jobs, &version); err != nil {
			t.Fatal(err)
		}
		return jobs, version
	}
	if _, err := db.Exec(`create trigger x after update on form begin delete from outbox; end`); err != nil {
		t.Fatal(err)
	}
	before, _ := holds()
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "the database holds a trigger that is not ours") {
		t.Errorf("it was opened: %v", err)
	}
	if jobs, version := holds(); jobs != before || jobs != 15 || version != 1 {
		t.Errorf("%d of %d jobs, version %d", jobs, before, version)
	}
}

// What the first released schema holds is brought up to date when it is opened, and is whole.
func TestGoldenFirst(t *testing.T) {
	s, c := golden(t, "golden-1")
	if f := findings(t, s); len(f) != 0 {
		t.Errorf("found %q", f)
	}
	counts, err := s.JobCounts(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for state, want := range map[JobState]int64{Waiting: 8, Sent: 2, Dead: 2, Aside: 3} {
		jobs, err := s.Jobs(t.Context(), JobFilter{State: state})
		if err != nil || counts[state] != want || int64(len(jobs)) != want {
			t.Errorf("%d and %d jobs in state %d, want %d: %v", counts[state], len(jobs), state, want, err)
		}
		for _, j := range jobs {
			_, log := stateOf(t, s, j.ID)
			if j.Changed || strings.Contains(j.LastError+strings.Join(log, ""), "-") {
				t.Errorf("%+v %v", j, log)
			}
		}
	}
	if rows, err := s.Page(t.Context(), []string{"contact", "new-patient"}, 0, 10); err != nil || len(rows) != 4 {
		t.Errorf("%d submissions: %v", len(rows), err)
	}
	dana, err := s.Account(t.Context(), "dana@clinic.example")
	if err != nil {
		t.Fatal(err)
	}
	if k, err := s.KeysOf(t.Context(), dana.ID); err != nil || len(k) != 1 {
		t.Errorf("%d keys: %v", len(k), err)
	}
	u, err := s.Undelivered(t.Context(), nil, c.Now().Add(-time.Minute), c.Now())
	if want := (Undelivered{GivenUp: 1, Waiting: 6, Since: sealedAt}); u != want || err != nil {
		t.Errorf("undelivered: %+v, want %+v: %v", u, want, err)
	}
	if n, err := s.RetryFailed(t.Context(), []string{"cut_after_data"}); n != 1 || err != nil {
		t.Errorf("%d hastened: %v", n, err)
	}
	later := newSealer(t).submission(t, "contact", []byte("later"))
	later.Reference = reference(1 << 20)
	put(t, s, later)
	if f := findings(t, s); len(f) != 0 {
		t.Errorf("with a later submission: %q", f)
	}
}
