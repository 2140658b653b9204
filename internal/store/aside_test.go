package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What was given up and seen to leaves the counts that people are told of, and nothing else: it is kept, is not due, outlives
// every purge, and can be sent again.
func TestPutAside(t *testing.T) {
	c := newClock()
	s := openStore(t, config(t, c))
	put(t, s, mailOnly(t, newSealer(t)))
	jobs, lease := claimed(t, s)
	id := jobs[0].ID
	if err := s.PutAside(t.Context(), id); !errors.Is(err, ErrNotGivenUp) {
		t.Errorf("one that waits: %v", err)
	}
	if err := s.PutAside(t.Context(), 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("one that never was: %v", err)
	}
	if err := s.Bury(t.Context(), id, lease, "permanent-550"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.PutAside(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	before, log := stateOf(t, s, id)
	if before.State != Aside || before.Ended.IsZero() || before.LastError != "permanent-550" || !slices.Equal(log, []string{"permanent-550"}) {
		t.Errorf("%+v %v", before, log)
	}
	got, err := s.JobCounts(t.Context(), nil)
	if diff := cmp.Diff(map[JobState]int64{Waiting: 0, Sent: 0, Dead: 0, Aside: 1}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for state, want := range map[JobState]int{Waiting: 0, Sent: 0, Dead: 0, Aside: 1} {
		if list, err := s.Jobs(t.Context(), JobFilter{State: state, Forms: []string{"contact"}}); len(list) != want || err != nil {
			t.Errorf("state %d: %d listed: %v", state, len(list), err)
		}
	}
	c.add(365 * 24 * time.Hour)
	if n, err := s.PurgeSent(t.Context(), c.Now()); n != 0 || err != nil {
		t.Errorf("purged %d: %v", n, err)
	}
	if jobs, _ := claimed(t, s); len(jobs) != 0 {
		t.Errorf("it is due: %+v", jobs)
	}
	if err := s.RetryNow(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	counted(t, s, 1, 0, 0)
	if jobs, _ := claimed(t, s); len(jobs) != 1 || jobs[0].Upload != before.Upload || jobs[0].MessageID != before.MessageID {
		t.Errorf("sent again: %+v", jobs)
	}
	if err := s.Sent(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := s.PutAside(t.Context(), id); !errors.Is(err, ErrNotGivenUp) {
		t.Errorf("one that was sent: %v", err)
	}
}
