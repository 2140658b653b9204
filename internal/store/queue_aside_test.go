package store

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/sealedaddress"
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
	if err := s.GiveUp(t.Context(), id, lease, "permanent_550"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.PutAside(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	before, log := stateOf(t, s, id)
	if before.State != Aside || before.Ended.IsZero() || before.LastError != "permanent_550" || !slices.Equal(log, []string{"permanent_550"}) {
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

// Nothing of a visitor stays of a receipt that was put aside, or ended for good: only its count and log. covers LK07
func TestReceiptsEndWithoutTheirAddress(t *testing.T) {
	cfg := config(t, newClock())
	s := openStore(t, cfg)
	x := newSealer(t)
	address := bytes.Repeat([]byte{0xA7, 0x5E}, 30)
	for i := range 3 {
		sub := x.submission(t, "contact", []byte("answers"))
		sub.Receipt = &sealedaddress.Address{Sealed: address, Marks: []sealedaddress.Mark{{MAC: [32]byte{byte(i)}, Most: 3}}}
		put(t, s, sub)
	}
	jobs, lease := claimed(t, s)
	if err := s.End(t.Context(), jobs[0].ID, lease.Add(time.Second), "late"); err != nil {
		t.Errorf("without the lease: %v", err)
	}
	counted(t, s, 3, 0, 0)
	for range 2 {
		if err := s.End(t.Context(), jobs[0].ID, lease, "no_address"); err != nil {
			t.Fatal(err)
		}
	}
	for _, j := range jobs[1:] {
		if err := s.GiveUp(t.Context(), j.ID, lease, "refused"); err != nil {
			t.Fatal(err)
		}
		if err := s.PutAside(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"no_address", "refused", "refused"} {
		j, log := stateOf(t, s, jobs[i].ID)
		if j.State != Aside || j.Sealed != nil || j.Changed || j.LastError != want || j.Attempts != 1 || j.Ended.IsZero() || !slices.Equal(log, []string{want}) {
			t.Errorf("%+v %v", j, log)
		}
		if err := s.RetryNow(t.Context(), j.ID); !errors.Is(err, ErrDamaged) {
			t.Errorf("sending it again: %v", err)
		}
	}
	got, err := s.JobCounts(t.Context(), nil)
	if diff := cmp.Diff(map[JobState]int64{Waiting: 0, Sent: 0, Dead: 0, Aside: 3}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if n, _, err := s.Waiting(t.Context()); n != 0 || err != nil {
		t.Error(n, err)
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(cfg.Path); err != nil || bytes.Contains(b, address) {
		t.Errorf("the address is in the database: %v", err)
	}
}
