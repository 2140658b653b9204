package store

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// undelivered asks as staff pages do: what waits for more than an hour is late.
func undelivered(t testing.TB, s *Store, forms []string) Undelivered {
	t.Helper()
	u, err := s.Undelivered(t.Context(), forms, s.cfg.Now().Add(-time.Hour), s.cfg.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// The tallies and the jobs' own columns agree whichever way a job goes, for every channel; and Go and SQL agree on who waits.
func TestUndelivered(t *testing.T) {
	s, c := newStore(t)
	want := func(what string, forms []string, want Undelivered) {
		t.Helper()
		if got := undelivered(t, s, forms); got != want {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
		if n := count(t, s, `form where jobs_dead_quiet != (select count(*) from outbox where form = form.id and state = 2 and not (`+awaitedJob+`))`); n != 0 {
			t.Errorf("%s: the tally of what nobody waits for is wrong", what)
		}
	}
	start := c.Now()
	all := map[int64]Job{}
	for _, j := range []Job{
		{Channel: Mail, Form: "contact", To: "a@clinic.example"},
		{Channel: Notice, Form: "contact", To: "a@clinic.example", About: `{"count":1}`},
		{Channel: Digest, Form: "new-patient", To: "a@clinic.example"},
		{Channel: Webhook, Form: "new-patient", To: "crm", About: `{}`},
		{Channel: Webhook, To: "crm", About: AboutTest},
		{Channel: Alarm, To: "ops@clinic.example"},
		{Channel: Receipt, Form: "contact", Sealed: []byte("sealed")},
	} {
		id, err := s.Enqueue(t.Context(), j)
		if err != nil {
			t.Fatal(err)
		}
		all[id] = j
		if n := count(t, s, `outbox where `+awaitedJob+` and id = `+strconv.FormatInt(id, 10)); (n == 1) != j.Awaited() {
			t.Errorf("%s %s: awaited %v in Go, %d in SQL", j.Channel, j.About, j.Awaited(), n)
		}
	}
	want("at once", nil, Undelivered{})
	c.add(time.Hour + time.Second)
	want("late", nil, Undelivered{Waiting: 4, Since: start})
	want("of a form", []string{"contact"}, Undelivered{Waiting: 2, Since: start})
	want("of none", []string{""}, Undelivered{})
	jobs, lease := claimed(t, s)
	for _, j := range jobs {
		if err := s.GiveUp(t.Context(), j.ID, lease, "changed"); err != nil {
			t.Fatal(err)
		}
	}
	want("given up", nil, Undelivered{GivenUp: 4})
	again := time.Time{}
	for _, j := range jobs {
		if all[j.ID].Channel == Notice {
			again = c.Now()
			if err := s.RetryNow(t.Context(), j.ID); err != nil {
				t.Fatal(err)
			}
		} else if err := s.PutAside(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
	}
	want("sent again", nil, Undelivered{})
	c.add(time.Hour + time.Second)
	want("sent again, and late", nil, Undelivered{Waiting: 1, Since: again})
	c.add(-48 * time.Hour)
	want("made in the future", nil, Undelivered{Waiting: 1, Since: again})
}

// Where the rows of what waits were deleted, the tallies tell, and nobody knows since when.
func TestUndeliveredWithoutRows(t *testing.T) {
	s, _ := newStore(t)
	for range 2 {
		if _, err := s.Enqueue(t.Context(), Job{Channel: Mail, Form: "contact", To: "a@clinic.example"}); err != nil {
			t.Fatal(err)
		}
	}
	tamper(t, s, `delete from outbox`)
	if n, oldest, err := s.Waiting(t.Context()); n != 2 || !oldest.IsZero() || err != nil {
		t.Errorf("%d since %v: %v", n, oldest, err)
	}
	if u := undelivered(t, s, nil); u != (Undelivered{Waiting: 2}) {
		t.Errorf("%+v", u)
	}
}

// What the index of revived jobs says in numbers is how ids are drawn.
func TestRevivedJob(t *testing.T) {
	want := fmt.Sprintf("made > id / %d + %d", 1<<jobBits, uploadEpoch)
	if revivedJob != want || !strings.Contains(schema002, want) {
		t.Errorf("%q, want %q, also in the schema", revivedJob, want)
	}
}

// A staff page costs the same when the relay is down: of 5,000 jobs that wait as of none, one statement gives the
// figures, a row a form, and reads the outbox through indexes alone.
func TestUndeliveredCost(t *testing.T) {
	s, c := newStore(t)
	fillJobs(t, s, 1, 1)
	cost := func() float64 { return testing.AllocsPerRun(50, func() { undelivered(t, s, nil) }) }
	tamper(t, s, `update form set jobs_waiting = 0`)
	none := cost()
	tamper(t, s, `delete from outbox`)
	fillJobs(t, s, 5000, 1)
	tamper(t, s, `update outbox set id = (made - 1577836800000) * 4096 + id where state = 0`)
	if u := undelivered(t, s, nil); u != (Undelivered{}) {
		t.Errorf("of today: %+v", u)
	}
	fresh := cost()
	c.add(2 * time.Hour)
	if u := undelivered(t, s, nil); u.Waiting != 5000 || !u.Since.Equal(c.Now().Add(-2*time.Hour)) {
		t.Errorf("two hours later: %+v", u)
	}
	if late := cost(); max(late, fresh) > none+20 { // large numbers take an allocation each
		t.Errorf("%v allocations with none waiting, %v with 5,000 fresh, %v with 5,000 late", none, fresh, late)
	}
	for _, line := range planOf(t, s, undeliveredJobs, 1, 2, 3, 4) {
		if strings.Contains(line, "SCAN outbox") || strings.Contains(line, "outbox") && !strings.Contains(line, "USING") {
			t.Errorf("plan: %s", line)
		}
	}
}
