package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/forms/record"
	"sealform/keys"
)

func TestOutbox(t *testing.T) {
	s, c := newStore(t)
	x := newSealer(t)
	scan := make([]byte, 600<<10)
	_, _ = rand.Read(scan)
	small, large := mailOnly(t, x), mailOnly(t, x)
	large.Mails[0].Body = x.stream(t, bytesOf(scan))
	large.Mails[0].To = "ito@clinic.example"
	put(t, s, small)
	put(t, s, large)
	if n, oldest, err := s.Waiting(t.Context()); n != 2 || !oldest.Equal(c.Now()) || err != nil {
		t.Errorf("%d since %v: %v", n, oldest, err)
	}
	lease := c.Now().Add(5 * time.Minute)
	jobs, err := s.Claim(t.Context(), []Channel{Mail}, 10, lease)
	if err != nil || len(jobs) != 2 {
		t.Fatalf("%+v %v", jobs, err)
	}
	job := jobs[1]
	want := Job{
		ID: job.ID, Channel: Mail, Submission: large.ID, Form: "contact", Reference: large.Reference, Seq: 2, To: large.Mails[0].To,
		MessageID: "m@clinic", Received: large.Received, Made: c.Now(), Due: c.Now(), Upload: job.Upload, Chunks: 5, Size: job.Size,
	}
	if diff := cmp.Diff(want, job); diff != "" {
		t.Error(diff)
	}
	body := readUpload(t, s, job.Upload)
	m, err := keys.ParseSealed(body)
	if err != nil || int64(len(body)) != job.Size || !bytes.Equal(x.opened(t, m), scan) {
		t.Errorf("the body: %v", err)
	}
}

func TestOutboxLeases(t *testing.T) {
	c := newClock()
	cfg := config(t, c)
	s := openStore(t, cfg)
	x := newSealer(t)
	put(t, s, mailOnly(t, x))
	put(t, s, mailOnly(t, x))
	claimed := func(want int) []Job {
		t.Helper()
		jobs, err := s.Claim(t.Context(), []Channel{Mail}, 10, c.Now().Add(5*time.Minute))
		if err != nil || len(jobs) != want {
			t.Fatalf("%d jobs, want %d: %v", len(jobs), want, err)
		}
		return jobs
	}
	jobs := claimed(2)
	claimed(0)
	if err := s.Close(); err != nil { // the process that leased them is killed
		t.Fatal(err)
	}
	s = openStore(t, cfg)
	claimed(0)
	gone := c.Now().Add(5 * time.Minute) // the lease of whoever was killed
	c.add(5 * time.Minute)
	claimed(2)
	held := c.Now().Add(5 * time.Minute)

	// Who comes back after its lease ran out neither keeps nor gives back another's.
	if err := s.Extend(t.Context(), jobs[1].ID, gone, held.Add(time.Hour)); !errors.Is(err, ErrNotFound) {
		t.Errorf("extending a lease that ran out: %v", err)
	}
	if err := s.Retry(t.Context(), jobs[1].ID, gone, c.Now(), "late"); err != nil {
		t.Error(err)
	}
	claimed(0)
	if err := s.Extend(t.Context(), jobs[1].ID, held, held.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := s.Retry(t.Context(), jobs[1].ID, held.Add(time.Minute), c.Now().Add(time.Hour), "refused"); err != nil {
		t.Fatal(err)
	}
	if err := s.Sent(t.Context(), jobs[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Sent(t.Context(), jobs[0].ID); err != nil {
		t.Errorf("sent by two: %v", err)
	}
	claimed(0)
	c.add(time.Hour)
	if again := claimed(1)[0]; again.Attempts != 1 || again.LastError != "refused" || again.MessageID != "m@clinic" {
		t.Errorf("%+v", again)
	}
	if err := s.Sent(t.Context(), jobs[1].ID); err != nil {
		t.Fatal(err)
	}
	if n, oldest, err := s.Waiting(t.Context()); n != 0 || !oldest.IsZero() || err != nil {
		t.Errorf("%d since %v: %v", n, oldest, err)
	}
}

// Two processes share the queue: each job is one's alone, and the counts stay right. covers R10
func TestEachJobIsClaimedOnce(t *testing.T) {
	c := config(t, newClock())
	handles := []*Store{openStore(t, c), openStore(t, c)}
	x := newSealer(t)
	const n = 30
	for i := range n {
		sub := mailOnly(t, x)
		sub.Mails = append(sub.Mails, record.Mail{To: "x@y", MessageID: fmt.Sprint(i), Body: x.stream(t, bytesOf([]byte("second")))})
		put(t, handles[0], sub)
	}
	var mu sync.Mutex
	seen := map[int64]int{}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for {
				jobs, err := handles[i%2].Claim(t.Context(), []Channel{Mail}, 3, c.Now().Add(time.Hour))
				if err != nil {
					t.Error(err)
				}
				if len(jobs) == 0 {
					return
				}
				mu.Lock()
				for _, j := range jobs {
					seen[j.ID]++
				}
				mu.Unlock()
				for k, j := range jobs { // one goes out, one fails, one is given up
					held := c.Now().Add(time.Hour)
					for range 2 { // the second time nothing changes
						switch k {
						case 0:
							err = handles[i%2].Sent(t.Context(), j.ID)
						case 1:
							err = handles[i%2].Retry(t.Context(), j.ID, held, held, "timeout")
						case 2:
							err = handles[i%2].GiveUp(t.Context(), j.ID, held, "refused")
						}
						if err != nil {
							t.Error(err)
						}
					}
				}
			}
		})
	}
	wg.Wait()
	if len(seen) != 2*n {
		t.Errorf("%d jobs", len(seen))
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("job %d was claimed %d times", id, times)
		}
	}
	for state, column := range map[JobState]string{Waiting: "0", Sent: "1", Dead: "2"} {
		got, err := handles[0].JobCounts(t.Context(), nil)
		if rows := count(t, handles[0], "outbox where state = "+column); err != nil || int64(rows) != got[state] || rows == 0 {
			t.Errorf("state %d: %d rows, counted %d: %v", state, rows, got[state], err)
		}
	}
}
