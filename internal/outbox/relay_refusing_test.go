package outbox

import (
	"context"
	"testing"
	"time"

	"sealform/internal/mail"
	"sealform/internal/store"
)

// barring is a relay that lets nobody in until it is open.
type barring struct {
	open          bool
	called, asked int
	code          mail.Code
	sink          *sink
}

func (b *barring) send(ctx context.Context, m *mail.Message) error {
	b.called++
	if !b.open {
		return &mail.Error{Code: b.code}
	}
	return b.sink.send(ctx, m)
}

func (b *barring) probe(context.Context) error {
	b.asked++
	if !b.open {
		return &mail.Error{Code: b.code}
	}
	return nil
}

// covers R09: with a wrong password, what waits does not sign in by the thousand; each shows once why, and all goes out as soon
// as it is right.
func TestAWrongPassword(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	b := &barring{code: mail.Auth, sink: newSink(nil)}
	o := New(Config{Store: s, Now: c.now, Carriers: Carriers{Send: b.send, Probe: b.probe}, Messages: Messages{From: "forms@clinic.example"}})
	const n = 200
	for range n {
		put(t, s, c, 10)
	}
	work(t, o)
	waiting := jobs(t, s, store.Waiting, store.Mail)
	for _, j := range waiting {
		if j.Attempts != 1 || j.LastError != string(mail.Auth) {
			t.Fatalf("%+v", j)
		}
	}
	if len(waiting) != n || b.called > mostCalls+1 {
		t.Errorf("%d wait, %d sign-ins", len(waiting), b.called)
	}
	before := b.called
	b.asked = 0
	for range 3 * 60 {
		c.add(time.Minute)
		o.round(t.Context())
		work(t, o)
	}
	if b.called != before || b.asked < 12 || b.asked > 15 {
		t.Errorf("in three hours the jobs signed in %d times, the planner %d", b.called-before, b.asked)
	}
	for _, j := range jobs(t, s, store.Waiting, store.Mail) {
		if j.Attempts != 1 {
			t.Fatalf("counted, though nobody was called: %+v", j)
		}
	}
	b.open = true
	for range 16 {
		c.add(time.Minute)
		o.round(t.Context())
		work(t, o)
	}
	if sent := len(jobs(t, s, store.Sent, store.Mail)); sent != n {
		t.Errorf("%d of %d went out a quarter of an hour later", sent, n)
	}
}

// What is new, and what somebody asks for, calls at once.
func TestAskedForWhileNobodyIsLetIn(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	b := &barring{code: mail.BadCertificate, sink: newSink(nil)}
	o := New(Config{Store: s, Now: c.now, Carriers: Carriers{Send: b.send, Probe: b.probe}, Messages: Messages{From: "forms@clinic.example"}})
	o.round(t.Context())
	put(t, s, c, 10)
	work(t, o)
	b.code = mail.NoStartTLS
	put(t, s, c, 10)
	work(t, o)
	waiting := jobs(t, s, store.Waiting, store.Mail)
	if b.called != 2 || waiting[0].LastError != string(mail.NoStartTLS) || waiting[1].LastError != string(mail.BadCertificate) {
		t.Fatalf("%d calls; %+v", b.called, waiting)
	}
	c.add(2 * time.Minute)
	work(t, o)
	if b.called != 2 {
		t.Error("called as its time came")
	}
	b.open = true
	for _, j := range waiting {
		if err := s.RetryNow(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
	}
	work(t, o)
	if sent := len(jobs(t, s, store.Sent, store.Mail)); sent != 2 {
		t.Errorf("%d sent", sent)
	}
}

// Calls by jobs are few, come back with time, and a clock set back gives no more.
func TestCallsWhileShut(t *testing.T) {
	r := newRelay(true)
	now := newClock().now()
	r.saw("auth", now, false)
	calls := func() (n int) {
		for id := range int64(50) {
			if code, _ := r.pass(&store.Job{ID: id + 100}, now); code == "" {
				n++
			}
		}
		return n
	}
	if n := calls(); n != mostCalls {
		t.Errorf("%d calls at once", n)
	}
	now = now.Add(3 * time.Minute)
	if n := calls(); n != 3 {
		t.Errorf("%d calls after three minutes", n)
	}
	now = now.Add(-time.Hour)
	if n := calls(); n != 1 {
		t.Errorf("%d calls when the clock was set back", n)
	}
	if r.saw("stopped", now, false); r.state != refusing {
		t.Error("what says nothing of the relay opened the gate")
	}
	now = now.Add(2 * time.Hour)
	if r.saw("temporary_421", now, false); r.state == refusing {
		t.Error("another answer leaves the gate shut")
	}
	if code, _ := r.pass(&store.Job{ID: 1}, now); code != "" {
		t.Errorf("held back for %s", code)
	}
	r.postponed(1, now)
	r.postponed(2, now.Add(time.Hour))
	r.forget(2)
	r.forgetBefore(now.Add(time.Minute))
	if len(r.due) != 0 {
		t.Error("it forgets nothing")
	}
}
