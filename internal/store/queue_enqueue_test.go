package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Two processes that see the same news tell it once. covers R10
func TestEnqueueUpToOnce(t *testing.T) {
	c := newClock()
	cfg := config(t, c)
	handles := []*Store{openStore(t, cfg), openStore(t, cfg)}
	put(t, handles[0], mailOnly(t, newSealer(t))) // the form is known
	note := Job{Channel: Notice, Form: "contact", To: "ops@clinic.example", About: `{"count":3}`}
	var added atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for seq := int64(1); seq <= 10; seq++ {
				ok, err := handles[i%2].EnqueueUpTo(t.Context(), note, seq)
				if err != nil {
					t.Error(err)
				}
				if ok {
					added.Add(1)
				}
			}
		})
	}
	wg.Wait()
	jobs, err := handles[0].Claim(t.Context(), []Channel{Notice}, 100, c.Now().Add(time.Minute))
	if err != nil || int64(len(jobs)) != added.Load() || added.Load() > 10 || added.Load() < 1 {
		t.Errorf("%d jobs, %d said so: %v", len(jobs), added.Load(), err)
	}
	want := Job{
		ID: jobs[0].ID, Channel: Notice, Form: "contact", To: note.To, About: note.About, MessageID: jobs[0].MessageID,
		Received: c.Now(), Made: c.Now(), Due: c.Now(),
	}
	if diff := cmp.Diff(want, jobs[0]); diff != "" {
		t.Error(diff)
	}
	told := func(c Channel, form, to string, want int64, at time.Time) {
		t.Helper()
		seq, when, err := handles[1].Announced(t.Context(), c, form, to)
		if seq != want || !when.Equal(at) || err != nil {
			t.Errorf("told %d at %v, want %d: %v", seq, when, want, err)
		}
	}
	told(Notice, "contact", note.To, 10, c.Now())
	for _, x := range []struct {
		c        Channel
		form, to string
	}{{Digest, "contact", note.To}, {Notice, "contact", "other@clinic.example"}, {Notice, "never-seen", note.To}, {Notice, "", note.To}} {
		told(x.c, x.form, x.to, 0, time.Time{})
	}
	at := c.Now()
	c.add(time.Hour)
	for seq, want := range map[int64]bool{10: false, 9: false, 0: false, -1: false} {
		if ok, err := handles[0].EnqueueUpTo(t.Context(), note, seq); ok != want || err != nil {
			t.Errorf("up to %d: %v %v", seq, ok, err)
		}
	}
	told(Notice, "contact", note.To, 10, at)
	if ok, err := handles[0].EnqueueUpTo(t.Context(), note, 11); !ok || err != nil {
		t.Errorf("up to 11: %v %v", ok, err)
	}
	told(Notice, "contact", note.To, 11, c.Now())
}

// What was told and what was enqueued are of one commit: when that fails, nothing was told.
func TestEnqueueUpToIsWhole(t *testing.T) {
	s, _ := newStore(t)
	put(t, s, mailOnly(t, newSealer(t)))
	note := Job{Channel: Notice, Form: "contact", To: "ops@clinic.example"}
	restore := limitFiles(t, 4096)
	ok, err := s.EnqueueUpTo(t.Context(), note, 1)
	restore()
	if ok || err == nil {
		t.Fatalf("%v %v", ok, err)
	}
	if seq, _, err := s.Announced(t.Context(), Notice, "contact", note.To); seq != 0 || err != nil {
		t.Errorf("told up to %d: %v", seq, err)
	}
	counted(t, s, 1, 0, 0)
	if ok, err := s.EnqueueUpTo(t.Context(), note, 1); !ok || err != nil {
		t.Errorf("afterwards: %v %v", ok, err)
	}
	counted(t, s, 2, 0, 0)
}

func TestEnqueueOnce(t *testing.T) {
	c := newClock()
	cfg := config(t, c)
	handles := []*Store{openStore(t, cfg), openStore(t, cfg)}
	const day = 24 * time.Hour
	alarm := Job{Channel: Alarm, To: "ops@clinic.example", About: `{"matter":"queue-old"}`}
	other, elsewhere := alarm, alarm
	other.About = `{"matter":"key-ends"}`
	elsewhere.To = "owner@clinic.example"
	for i, step := range []struct {
		after time.Duration
		job   Job
		want  bool
	}{
		{0, alarm, true},
		{0, alarm, false},
		{0, other, true},
		{0, elsewhere, true},
		{day - time.Second, alarm, false},
		{time.Second, alarm, true},
		{time.Hour, alarm, false},
		{-30 * day, alarm, true}, // a mark of the future silences nobody
		{time.Hour, alarm, false},
	} {
		c.add(step.after)
		if ok, err := handles[i%2].EnqueueOnce(t.Context(), step.job, day); ok != step.want || err != nil {
			t.Errorf("step %d: %v %v", i, ok, err)
		}
	}
	counted(t, handles[0], 5, 0, 0)
	c.add(200 * day)
	if err := handles[0].Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, handles[0], "alarm"); n != 0 {
		t.Errorf("%d marks are left", n)
	}
}

func TestLastNumber(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	last := func(form string, wantSeq, wantID int64) {
		t.Helper()
		if seq, id, err := s.LastNumber(t.Context(), form); seq != wantSeq || id != wantID || err != nil {
			t.Errorf("%s: %d %d, want %d %d: %v", form, seq, id, wantSeq, wantID, err)
		}
	}
	last("contact", 0, 0)
	ask(t, s, "contact")
	last("contact", 0, 0)
	stored, mailed := x.submission(t, "contact", []byte("answers")), mailOnly(t, x)
	put(t, s, mailed)
	last("contact", 1, mailed.ID)
	put(t, s, stored)
	last("contact", 2, stored.ID)
	refused := x.submission(t, "contact", []byte("other"))
	refused.ID = stored.ID
	if _, err := s.Put(t.Context(), refused); err == nil {
		t.Error("a taken id was taken again")
	}
	last("contact", 2, stored.ID)
	if err := s.Delete(t.Context(), stored.ID, "asked for", staff("erased")); err != nil {
		t.Fatal(err)
	}
	last("contact", 2, stored.ID)
}

// Ids grow, also in one commit and when the clock is set back, and none is given twice.
func TestJobIDs(t *testing.T) {
	c := newClock()
	s := openStore(t, config(t, c))
	last := int64(0)
	for i := range 50 {
		if i%10 == 9 {
			c.add(-time.Hour)
		}
		id, err := s.Enqueue(t.Context(), Job{Channel: Alarm, To: fmt.Sprint(i)})
		if err != nil || id <= last || id > 1<<53 {
			t.Fatalf("%d after %d: %v", id, last, err)
		}
		last = id
	}
}
