package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/sealedaddress"
	"sealform/keys"
)

var everyChannel = []Channel{Mail, Notice, Digest, Alarm, Webhook, Receipt}

// claimed leases all that is due for a minute.
func claimed(t testing.TB, s *Store) (jobs []Job, lease time.Time) {
	t.Helper()
	lease = s.cfg.Now().Add(time.Minute)
	jobs, err := s.Claim(t.Context(), everyChannel, 1000, lease)
	if err != nil {
		t.Fatal(err)
	}
	return jobs, lease
}

func stateOf(t testing.TB, s *Store, id int64) (*Job, []string) {
	t.Helper()
	j, log, err := s.Job(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, a := range log {
		codes = append(codes, a.Code)
	}
	return j, codes
}

func counted(t testing.TB, s *Store, waiting, sent, dead int64, forms ...string) {
	t.Helper()
	got, err := s.JobCounts(t.Context(), forms)
	if diff := cmp.Diff(map[JobState]int64{Waiting: waiting, Sent: sent, Dead: dead, Aside: 0}, got); err != nil || diff != "" {
		t.Errorf("counts of %v: %v %s", forms, err, diff)
	}
}

// A mail that was taken by the relay can be sent again for as long as its body is kept: as often as it is lost behind it.
// covers ML11
func TestSentIsKeptAndSentAgain(t *testing.T) {
	cfg := config(t, newClock())
	s := openStore(t, cfg)
	x := newSealer(t)
	m := mailOnly(t, x)
	scan := bytes.Repeat([]byte("scan"), 100<<10)
	m.Mails[0].Body = x.stream(t, bytesOf(scan))
	put(t, s, m)
	jobs, _ := claimed(t, s)
	id := jobs[0].ID
	for round := range 2 {
		if err := s.Sent(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		j, log := stateOf(t, s, id)
		if j.State != Sent || !j.Ended.Equal(s.cfg.Now()) || j.MessageID != "m@clinic" || len(log) != round+1 || log[round] != "ok" {
			t.Errorf("%+v %v", j, log)
		}
		counted(t, s, 0, 1, 0)
		if again, _ := claimed(t, s); len(again) != 0 {
			t.Errorf("what was sent is due: %+v", again)
		}
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		sealed, err := keys.ParseSealed(readUpload(t, s, j.Upload))
		if err != nil || !bytes.Equal(x.opened(t, sealed), scan) {
			t.Fatalf("its body: %v", err)
		}
		if err := s.RetryNow(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		counted(t, s, 1, 0, 0)
		if again, _ := claimed(t, s); len(again) != 1 || again[0].MessageID != "m@clinic" || again[0].Upload != j.Upload {
			t.Errorf("sent again: %+v", again)
		}
	}
	if f := findings(t, s); len(f) != 0 {
		t.Error(f)
	}
}

func TestPurgeSent(t *testing.T) {
	c := newClock()
	s := openStore(t, config(t, c))
	x := newSealer(t)
	const n = purgeBatch + 5
	for range n {
		put(t, s, mailOnly(t, x))
	}
	old, _ := claimed(t, s)
	for _, j := range old {
		if err := s.Sent(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
	}
	c.add(24 * time.Hour)
	for range 3 { // one waits, one is given up, one was sent a day later
		put(t, s, mailOnly(t, x))
	}
	young, lease := claimed(t, s)
	if err := s.Sent(t.Context(), young[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := s.GiveUp(t.Context(), young[1].ID, lease, "refused"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{n, 0} {
		if got, err := s.PurgeSent(t.Context(), c.Now()); got != want || err != nil {
			t.Fatalf("%d removed, want %d: %v", got, want, err)
		}
	}
	counted(t, s, 1, 1, 1)
	for table, want := range map[string]int{"outbox": 3, "chunk": 3, "upload": 0, "attempt": 2} {
		if got := count(t, s, table); got != want {
			t.Errorf("%s: %d rows, want %d", table, got, want)
		}
	}
	if err := s.RetryNow(t.Context(), old[0].ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("sending again what is purged: %v", err)
	}
	c.add(365 * 24 * time.Hour)
	if n, err := s.PurgeSent(t.Context(), c.Now()); n != 1 || err != nil {
		t.Errorf("a year later: %d %v", n, err)
	}
	counted(t, s, 1, 0, 1)
	if err := s.RetryNow(t.Context(), young[1].ID); err != nil {
		t.Errorf("what was given up cannot be sent any more: %v", err)
	}
	if f := findings(t, s); len(f) != 0 {
		t.Error(f)
	}
}

// What is given up is kept with its log and can be revived, with a new five days.
func TestBuryAndRevive(t *testing.T) {
	c := newClock()
	s := openStore(t, config(t, c))
	put(t, s, mailOnly(t, newSealer(t)))
	fail := func(code string) (Job, time.Time) {
		t.Helper()
		jobs, lease := claimed(t, s)
		if len(jobs) != 1 {
			t.Fatalf("%d jobs are due", len(jobs))
		}
		if code != "" {
			if err := s.Retry(t.Context(), jobs[0].ID, lease, c.Now().Add(time.Hour), code); err != nil {
				t.Fatal(err)
			}
		}
		return jobs[0], lease
	}
	made := c.Now()
	fail("timeout")
	c.add(5 * 24 * time.Hour)
	job, lease := fail("")
	if !job.Made.Equal(made) || job.Attempts != 1 || job.LastError != "timeout" {
		t.Errorf("%+v", job)
	}
	if err := s.GiveUp(t.Context(), job.ID, lease.Add(time.Second), "late"); err != nil {
		t.Errorf("burying without the lease: %v", err)
	}
	if err := s.GiveUp(t.Context(), job.ID, lease.Add(-time.Second), "late"); err != nil {
		t.Errorf("burying without the lease: %v", err)
	}
	counted(t, s, 1, 0, 0)
	if err := s.GiveUp(t.Context(), job.ID, lease, "permanent_550"); err != nil {
		t.Fatal(err)
	}
	counted(t, s, 0, 0, 1)
	dead, log := stateOf(t, s, job.ID)
	if dead.State != Dead || dead.Attempts != 2 || dead.LastError != "permanent_550" || !dead.Ended.Equal(c.Now()) ||
		!slices.Equal(log, []string{"timeout", "permanent_550"}) {
		t.Errorf("%+v %v", dead, log)
	}
	c.add(time.Hour)
	if jobs, _ := claimed(t, s); len(jobs) != 0 {
		t.Errorf("what was given up is due: %+v", jobs)
	}
	if err := s.RetryNow(t.Context(), job.ID); err != nil {
		t.Fatal(err)
	}
	revived, _ := fail("timeout")
	if !revived.Made.Equal(c.Now()) || revived.Attempts != 0 || !revived.Ended.IsZero() || revived.MessageID != dead.MessageID {
		t.Errorf("%+v", revived)
	}
	if err := s.RetryNow(t.Context(), job.ID); err != nil { // it waits an hour now: earlier
		t.Fatal(err)
	}
	if early, _ := fail(""); early.Attempts != 1 || !early.Made.Equal(revived.Made) {
		t.Errorf("%+v", early)
	}
	if _, log := stateOf(t, s, job.ID); len(log) != 3 {
		t.Errorf("the log: %v", log)
	}
	if err := s.RetryNow(t.Context(), 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("one that never was: %v", err)
	}
	if _, _, err := s.Job(t.Context(), 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("one that never was: %v", err)
	}
}

// Who comes back after another process ended the job changes nothing but the log, and that only by what it sent.
func TestEndedByAnother(t *testing.T) {
	c := newClock()
	cfg := config(t, c)
	s, other := openStore(t, cfg), openStore(t, cfg)
	put(t, s, mailOnly(t, newSealer(t)))
	jobs, held := claimed(t, s)
	id := jobs[0].ID
	c.add(2 * time.Minute)
	if again, lease := claimed(t, other); len(again) != 1 {
		t.Fatalf("after the lease: %+v", again)
	} else if err := other.GiveUp(t.Context(), id, lease, "refused"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Retry(t.Context(), id, held, c.Now(), "late"), s.GiveUp(t.Context(), id, held, "late")); err != nil {
		t.Error(err)
	}
	if err := s.Extend(t.Context(), id, held, c.Now()); !errors.Is(err, ErrNotFound) {
		t.Errorf("extending: %v", err)
	}
	if j, log := stateOf(t, s, id); j.State != Dead || !slices.Equal(log, []string{"refused"}) {
		t.Errorf("%+v %v", j, log)
	}
	for range 2 { // it went out nevertheless, and that is what counts
		if err := s.Sent(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if j, log := stateOf(t, s, id); j.State != Sent || !slices.Equal(log, []string{"refused", "ok", "ok"}) {
		t.Errorf("%+v %v", j, log)
	}
	counted(t, other, 0, 1, 0)
}

func TestJobsByForm(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	var want []int64
	for i := range 12 {
		m := mailOnly(t, x)
		m.Form = []string{"contact", "new-patient", "intern"}[i%3]
		put(t, s, m)
	}
	id, err := s.Enqueue(t.Context(), Job{Channel: Alarm, To: "ops@clinic.example", About: `{"matter":"queue-old"}`})
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Jobs(t.Context(), JobFilter{})
	if err != nil || len(all) != 13 || all[0].ID != id || all[0].Form != "" || len(all[0].MessageID) != 32 {
		t.Fatalf("%d %+v %v", len(all), all[:1], err)
	}
	for _, j := range all {
		if j.Form == "contact" || j.Form == "intern" {
			want = append(want, j.ID)
		}
	}
	var got []int64
	for before := int64(0); ; {
		page, err := s.Jobs(t.Context(), JobFilter{Forms: []string{"intern", "contact", "never-seen"}, Before: before, Limit: 3})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, j := range page {
			got = append(got, j.ID)
		}
		before = page[len(page)-1].ID
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, none := range []JobFilter{{Forms: []string{}}, {Forms: []string{"never-seen"}}, {State: Dead}, {State: Sent}} {
		if jobs, err := s.Jobs(t.Context(), none); len(jobs) != 0 || err != nil {
			t.Errorf("%+v: %d %v", none, len(jobs), err)
		}
	}
	if jobs, err := s.Jobs(t.Context(), JobFilter{Forms: []string{"intern", ""}}); len(jobs) != 5 || jobs[0].ID != id || err != nil {
		t.Errorf("of a form and of none: %d %v", len(jobs), err)
	}
	counted(t, s, 13, 0, 0)
	counted(t, s, 1, 0, 0, "")
	counted(t, s, 5, 0, 0, "intern", "")
	counted(t, s, 4, 0, 0, "intern")
	counted(t, s, 8, 0, 0, "intern", "contact", "never-seen")
	if got, err := s.JobCounts(t.Context(), []string{}); got[Waiting] != 0 || err != nil {
		t.Errorf("of no form: %v %v", got, err)
	}
}

// A process sees those channels alone that it can send by; the longest due comes first, whatever its channel.
func TestClaimByChannel(t *testing.T) {
	c := newClock()
	s := openStore(t, config(t, c))
	x := newSealer(t)
	sub := x.submission(t, "contact", []byte("answers"))
	sub.Mails = mailOnly(t, x).Mails
	sub.Webhooks = []string{"crm", "till"}
	sub.Receipt = &sealedaddress.Address{Sealed: []byte("sealed"), Marks: []sealedaddress.Mark{{MAC: [32]byte{1}, Most: 3}}}
	put(t, s, sub)
	c.add(time.Second)
	put(t, s, mailOnly(t, x))
	for _, want := range []struct {
		of   []Channel
		jobs string
	}{
		{nil, ""},
		{[]Channel{Digest, Alarm}, ""},
		{[]Channel{Webhook}, "webhook crm {}"},
		{[]Channel{Receipt, Webhook, Webhook}, "webhook till {}"},
		{[]Channel{Receipt, Mail}, "mail front@clinic.example "},
		{[]Channel{Mail, Receipt}, "receipt  "},
		{everyChannel, "mail front@clinic.example "},
		{everyChannel, ""},
	} {
		jobs, err := s.Claim(t.Context(), want.of, 1, c.Now().Add(time.Hour))
		got := ""
		for _, j := range jobs {
			got = fmt.Sprintf("%s %s %s", j.Channel, j.To, j.About)
		}
		if got != want.jobs || err != nil {
			t.Errorf("%v: claimed %q, want %q: %v", want.of, got, want.jobs, err)
		}
	}
}

func TestRelaySize(t *testing.T) {
	cfg := config(t, newClock())
	s, other := openStore(t, cfg), openStore(t, cfg)
	for _, want := range []int64{0, 10 << 20, 25 << 20, 0} {
		if want > 0 {
			if err := other.SetRelaySize(t.Context(), want); err != nil {
				t.Fatal(err)
			}
		} else if err := s.SetRelaySize(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if got, err := s.RelaySize(t.Context()); got != want || err != nil {
			t.Errorf("%d, want %d: %v", got, want, err)
		}
	}
}

// The last 200 lines of a long log are shown.
func TestLongLog(t *testing.T) {
	c := newClock()
	s := openStore(t, config(t, c))
	id, err := s.Enqueue(t.Context(), Job{Channel: Alarm, To: "ops@clinic.example"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range mostAttempts + 5 {
		jobs, lease := claimed(t, s)
		if len(jobs) != 1 {
			t.Fatal(jobs)
		}
		if err := s.Retry(t.Context(), id, lease, c.Now(), fmt.Sprintf("temporary_%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if j, log := stateOf(t, s, id); j.Attempts != mostAttempts+5 || len(log) != mostAttempts || log[0] != "temporary_5" {
		t.Errorf("%d lines from %q, %d attempts", len(log), log[0], j.Attempts)
	}
}
