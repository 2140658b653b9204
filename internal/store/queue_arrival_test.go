package store

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"sealform/forms/record"
	"sealform/internal/sealedaddress"
)

// A mail that the relay would not take becomes a notice about it.
func TestTooLarge(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	sub := x.submission(t, "contact", []byte("answers"))
	sub.Mails = []record.Mail{{To: "front@clinic.example", TooLarge: true}, mailOnly(t, x).Mails[0]}
	put(t, s, sub)
	jobs, _ := claimed(t, s)
	if len(jobs) != 2 {
		t.Fatalf("%+v", jobs)
	}
	i := slices.IndexFunc(jobs, func(j Job) bool { return j.Channel == Notice })
	j := jobs[i]
	if j.To != "front@clinic.example" || j.About != `{"too_large":true}` || j.Upload != 0 || j.Seq != 1 || len(j.MessageID) != 32 {
		t.Errorf("%+v", j)
	}
	if err := s.Sent(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.RetryNow(t.Context(), j.ID); err != nil {
		t.Errorf("a notice needs no body to be sent again: %v", err)
	}
}

// Erasing a submission takes out what was sent of it; what is on its way still arrives.
func TestEraseKeepsWhatIsOnItsWay(t *testing.T) {
	s, c := newStore(t)
	x := newSealer(t)
	sub := x.submission(t, "contact", []byte("answers"))
	for i := range 3 {
		m := mailOnly(t, x).Mails[0]
		m.MessageID = fmt.Sprint(i)
		sub.Mails = append(sub.Mails, m)
	}
	put(t, s, sub)
	put(t, s, mailOnly(t, x)) // another's
	jobs, lease := claimed(t, s)
	if err := s.Sent(t.Context(), jobs[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := s.GiveUp(t.Context(), jobs[1].ID, lease, "refused"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), sub.ID, "asked for", staff("erased")); err != nil {
		t.Fatal(err)
	}
	c.add(time.Hour)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	counted(t, s, 2, 0, 1)
	if _, _, err := s.Job(t.Context(), jobs[0].ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("what was sent: %v", err)
	}
	if n := count(t, s, "attempt"); n != 1 {
		t.Errorf("%d lines of the log", n)
	}
	for i, want := range []int{0, 1, 1, 1} {
		body, err := io.ReadAll(s.Message(t.Context(), jobs[i].Upload, jobs[i].Chunks))
		if got := len(body) > 0; got != (want > 0) || want > 0 && err != nil {
			t.Errorf("mail %d: %d bytes: %v", i, len(body), err)
		}
	}
	if err := s.RetryNow(t.Context(), jobs[1].ID); err != nil {
		t.Error(err)
	}
	tamper(t, s, `delete from chunk where id = $1`, jobs[3].Upload)
	if err := s.Sent(t.Context(), jobs[3].ID); err != nil {
		t.Fatal(err)
	}
	if err := s.RetryNow(t.Context(), jobs[3].ID); !errors.Is(err, ErrDamaged) {
		t.Errorf("without its body: %v", err)
	}
	if f := findings(t, s); len(f) != 0 {
		t.Error(f)
	}
}

// Erasing finds all that went out because of the submission, the notice that told of it by itself too, and nothing of others
// of the same commit.
func TestEraseFindsAllThatWasSent(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	var subs []*record.Submission
	var all sync.WaitGroup
	for range 3 {
		sub := x.submission(t, "contact", []byte("answers"))
		sub.Mails, sub.Webhooks = mailOnly(t, x).Mails, []string{"crm", "till"}
		sub.Receipt = &sealedaddress.Address{Sealed: []byte("sealed"), Marks: []sealedaddress.Mark{{MAC: [32]byte{byte(len(subs))}, Most: 3}}}
		subs = append(subs, sub)
		ask(t, s, sub.Form)
	}
	for _, sub := range subs {
		all.Go(func() {
			if _, err := s.Put(t.Context(), sub); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, sub := range subs {
		if ok, err := s.EnqueueUpTo(t.Context(), Job{Channel: Notice, Form: "contact", To: sub.Reference, Submission: sub.ID}, 1); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	jobs, _ := claimed(t, s)
	for _, j := range jobs {
		if err := s.Sent(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
	}
	for i, sub := range subs {
		counted(t, s, 0, int64(15-5*i), 0)
		if err := s.Delete(t.Context(), sub.ID, "asked for", staff("erased")); err != nil {
			t.Fatal(err)
		}
		if n := count(t, s, fmt.Sprintf("outbox where submission = %d", sub.ID)); n != 0 {
			t.Errorf("%d jobs of an erased submission are left", n)
		}
	}
	if n := count(t, s, "outbox") + count(t, s, "attempt") + count(t, s, "chunk"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}
