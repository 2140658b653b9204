package store

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/sealedaddress"
)

// What an operator waits for is counted, and since when, whichever way it came to wait; receipts, alarms and tests are not.
func TestWaitingIsWhatMatters(t *testing.T) {
	c := newClock()
	s := openStore(t, config(t, c))
	x := newSealer(t)
	waits := func(want int64, since time.Time) {
		t.Helper()
		n, oldest, err := s.Waiting(t.Context())
		if n != want || !oldest.Equal(since) || err != nil {
			t.Errorf("%d since %v, want %d since %v: %v", n, oldest, want, since, err)
		}
	}
	waits(0, time.Time{})
	sub := x.submission(t, "contact", []byte("answers"))
	sub.Receipt = &sealedaddress.Address{Sealed: []byte("sealed"), Marks: []sealedaddress.Mark{{MAC: [32]byte{1}, Most: 3}}}
	put(t, s, sub)
	for _, j := range []Job{
		{Channel: Alarm, To: "ops@clinic.example", About: `{"matter":"queue-old"}`},
		{Channel: Webhook, To: "crm", About: `{"test":true}`},
	} {
		if _, err := s.Enqueue(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	waits(0, time.Time{})
	counted(t, s, 3, 0, 0)

	start := c.Now()
	put(t, s, mailOnly(t, x))
	c.add(time.Minute)
	if _, err := s.Enqueue(t.Context(), Job{Channel: Webhook, To: "crm", About: `{}`}); err != nil {
		t.Fatal(err)
	}
	waits(2, start)
	jobs, lease := claimed(t, s)
	waits(2, start)
	counted(t, s, 5, 0, 0)
	for _, j := range jobs { // tried, and due again later than all that is made meanwhile
		if err := s.Retry(t.Context(), j.ID, lease, c.Now().Add(time.Hour), "timeout"); err != nil {
			t.Fatal(err)
		}
	}
	c.add(time.Minute)
	put(t, s, mailOnly(t, x))
	waits(3, start)
	c.add(2 * time.Hour)
	jobs, lease = claimed(t, s)
	i := slices.IndexFunc(jobs, func(j Job) bool { return j.Made.Equal(start) && j.Channel == Mail })
	if err := s.GiveUp(t.Context(), jobs[i].ID, lease, "refused"); err != nil {
		t.Fatal(err)
	}
	waits(2, start.Add(time.Minute))
	if err := s.RetryNow(t.Context(), jobs[i].ID); err != nil {
		t.Fatal(err)
	}
	waits(3, start.Add(time.Minute))
	for _, j := range jobs {
		if err := s.Sent(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
	}
	waits(0, time.Time{})
	counted(t, s, 0, 6, 0)
}

// What waits for the sake of a code is due at once; what waits for another, or not to be called by the relay, is not.
func TestHasten(t *testing.T) {
	c := newClock()
	s := openStore(t, config(t, c))
	x := newSealer(t)
	const many = updateBatch + 5
	fillJobs(t, s, 4*many, 0)
	put(t, s, mailOnly(t, x))
	later := c.Now().Add(time.Hour).UnixMilli()
	tamper(t, s, `update outbox set due = $1, attempts = 1, last_error = case id % 2 when 0 then 'timeout' else 'refused' end`, later)
	tamper(t, s, `update outbox set last_error = x'00' where id = (select min(id) from outbox)`)
	want := count(t, s, `outbox where last_error = 'timeout' and channel != 'webhook'`)
	for _, want := range []int{want, 0} {
		if n, err := s.RetryFailed(t.Context(), []string{"cut", "timeout"}); n != want || err != nil {
			t.Fatalf("%d hastened, want %d: %v", n, want, err)
		}
	}
	got := count(t, s, `outbox where due <= `+strconv.FormatInt(c.Now().UnixMilli(), 10))
	wrong := count(t, s, `outbox where due <= `+strconv.FormatInt(c.Now().UnixMilli(), 10)+` and (last_error != 'timeout' or channel = 'webhook')`)
	if got != want || wrong != 0 || want < many {
		t.Errorf("%d are due, want %d; %d of them should not be", got, want, wrong)
	}
	if n, err := s.RetryFailed(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("for no code: %d %v", n, err)
	}
}

// A clock that ran ahead for a while leaves nothing waiting for the day it said. covers R10
func TestClampFuture(t *testing.T) {
	c := newClock()
	s := openStore(t, config(t, c))
	x := newSealer(t)
	hour, day := time.Hour, 24*time.Hour
	for range 4 { // tried ten minutes ago, as it should be
		put(t, s, mailOnly(t, x))
	}
	c.add(10 * time.Minute)
	jobs, lease := claimed(t, s)
	if err := s.Retry(t.Context(), jobs[0].ID, lease, c.Now().Add(hour), "timeout"); err != nil {
		t.Fatal(err)
	}
	right, _ := stateOf(t, s, jobs[0].ID)
	if err := s.ClampFuture(t.Context(), everyChannel, c.Now()); err != nil {
		t.Fatal(err)
	}
	if now, _ := stateOf(t, s, jobs[0].ID); !cmp.Equal(right, now) {
		t.Errorf("what was right was changed: %+v", now)
	}
	if jobs, _ := claimed(t, s); len(jobs) != 0 {
		t.Errorf("leases that are right were ended: %d", len(jobs))
	}

	c.add(30 * day)
	held := c.Now().Add(5 * time.Minute)
	put(t, s, mailOnly(t, x)) // never tried
	if _, err := s.Claim(t.Context(), everyChannel, 100, held); err != nil {
		t.Fatal(err)
	}
	if err := s.Retry(t.Context(), jobs[1].ID, held, c.Now().Add(hour), "timeout"); err != nil {
		t.Fatal(err)
	}
	if err := s.Retry(t.Context(), jobs[2].ID, held, c.Now().Add(hour), "timeout"); err != nil {
		t.Fatal(err)
	}
	if err := s.GiveUp(t.Context(), jobs[3].ID, held, "refused"); err != nil {
		t.Fatal(err)
	}
	if err := s.RetryNow(t.Context(), jobs[3].ID); err != nil { // made anew
		t.Fatal(err)
	}
	tamper(t, s, `update outbox set due = 'never', lease = 'ever' where id = $1`, jobs[2].ID)
	c.add(-30 * day)
	if jobs, _ := claimed(t, s); len(jobs) != 0 {
		t.Fatalf("%d are due before", len(jobs))
	}
	if err := s.ClampFuture(t.Context(), everyChannel, c.Now()); err != nil {
		t.Fatal(err)
	}
	all, err := s.Jobs(t.Context(), JobFilter{})
	for _, j := range all {
		if j.Made.After(c.Now()) || j.Due.After(c.Now().Add(75*time.Minute)) || j.Changed || err != nil {
			t.Errorf("%+v: %v", j, err)
		}
	}
	if jobs, _ := claimed(t, s); len(jobs) != 2 { // never tried, and made anew
		t.Errorf("%d are due", len(jobs))
	}
	c.add(2 * hour)
	if jobs, _ := claimed(t, s); len(jobs) != len(all) {
		t.Errorf("%d of %d are due in the end", len(jobs), len(all))
	}
}

// A mark can be set back, and what comes is then told anew.
func TestResetTold(t *testing.T) {
	s, c := newStore(t)
	digest := Job{Channel: Digest, Form: "contact", To: "lead@clinic.example"}
	if ok, err := s.EnqueueUpTo(t.Context(), digest, 900); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for _, form := range []string{"contact", "never-seen", ""} {
		for _, seq := range []int64{100, 0, 7} {
			if err := s.ResetAnnounced(t.Context(), Digest, form, digest.To, seq); err != nil {
				t.Fatal(err)
			}
			if got, at, err := s.Announced(t.Context(), Digest, form, digest.To); got != seq || !at.Equal(c.Now()) || err != nil {
				t.Errorf("%q: told %d at %v: %v", form, got, at, err)
			}
		}
	}
	if ok, err := s.EnqueueUpTo(t.Context(), digest, 8); !ok || err != nil {
		t.Errorf("what came after: %v %v", ok, err)
	}
	if err := s.ResetAnnounced(t.Context(), Digest, "contact", "other@clinic.example", 3); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Announced(t.Context(), Digest, "contact", digest.To); got != 8 || err != nil {
		t.Errorf("another's mark: %d %v", got, err)
	}
}
