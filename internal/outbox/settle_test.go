package outbox

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"sealform/internal/event"
	"sealform/internal/mail"
	"sealform/internal/notice"
	"sealform/internal/sealedaddress"
	"sealform/internal/store"
)

// covers R09: a machine that was off for six days gives nothing up before it has tried, and sends all when the relay is back.
func TestSixDaysOff(t *testing.T) {
	c, to := newClock(), &taken{}
	dir := t.TempDir()
	s := openStore(t, dir, c)
	for range 5 {
		put(t, s, c, 10)
	}
	closeStore(t, s)
	c.add(6 * 24 * time.Hour)
	s = openStore(t, dir, c)
	defer closeStore(t, s)
	down := true
	sink := newSink(func(int) error {
		if down {
			return &mail.Error{Code: mail.Refused}
		}
		return nil
	})
	o := New(Config{Store: s, Now: c.now, Carriers: Carriers{Send: sink.send, Note: to.note}, Messages: Messages{From: "forms@clinic.example", Alarms: []string{"ops@clinic.example"}}})
	for range 60 {
		o.round(t.Context())
		work(t, o)
		c.add(time.Minute)
	}
	if n := len(jobs(t, s, store.Dead, store.Mail)); n != 0 {
		t.Fatalf("%d given up", n)
	}
	down = false
	c.add(2 * time.Hour)
	o.round(t.Context())
	work(t, o)
	if n := len(jobs(t, s, store.Sent, store.Mail)); n != 5 {
		t.Errorf("%d sent", n)
	}
}

// covers R10: what went out and cannot be written down, as on a full disk, is not sent again, and nothing else is until it can.
func TestSentCannotBeNoted(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	s := openStore(t, dir, c)
	defer closeStore(t, s)
	put(t, s, c, 10)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "sealform.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	do := func(statement string) {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Error(err)
		}
	}
	sink := newSink(nil)
	warned := make(troubles, 1000)
	send := func(ctx context.Context, m *mail.Message) error {
		err := sink.send(ctx, m)
		if tried, _ := sink.got(); len(tried) == 1 {
			do(`create table foreign_to_us (x int)`) // with which the store writes nothing
		}
		return err
	}
	o, stop := run(t, Config{Store: s, Now: c.now, Events: event.New(warned), Carriers: Carriers{Send: send}, Limits: Limits{Poll: 20 * time.Millisecond}})
	o.Nudge()
	sink.wait(t, 1)
	for code := ""; code != "sent_not_noted"; {
		select {
		case code = <-warned:
		case <-time.After(20 * time.Second):
			t.Fatal("that it cannot be written down was not told")
		}
	}
	do(`drop table foreign_to_us`)
	c.add(10 * time.Minute) // its lease is long over
	put(t, s, c, 10)
	o.Nudge()
	sink.wait(t, 1)
	idle(t, s, 0)
	stop()
	if tried, _ := sink.got(); len(tried) != 2 || tried[0] == tried[1] {
		t.Errorf("sent %v", tried)
	}
}

// What is being written down keeps everybody waiting, and what went is left alone though it is claimed again.
func TestGone(t *testing.T) {
	g := newUnrecorded()
	g.jobs.Store(int64(7), true)
	g.stick(1)
	g.stick(1)
	g.stick(-1)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if g.wait(ended) || !g.has(7) {
		t.Error("others go on")
	}
	g.stick(-1)
	g.jobs.Delete(int64(7))
	if !g.wait(t.Context()) || g.has(7) {
		t.Error("it is stuck for ever")
	}
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	put(t, s, c, 10)
	sink := newSink(nil)
	o := New(Config{Store: s, Now: c.now, Carriers: Carriers{Send: sink.send}, Messages: Messages{From: "forms@clinic.example"}})
	claimed, err := s.Claim(t.Context(), one, 1, c.now().Add(time.Minute))
	if err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	o.unrecorded.jobs.Store(claimed[0].ID, true)
	o.attempt(t.Context(), claimed[0], c.now().Add(time.Minute))
	if tried, _ := sink.got(); len(tried) != 0 {
		t.Error("sent again")
	}
}

// covers B8 R09: a receipt that its address refuses ends at once, one that does not get out after a day, and nobody is alarmed.
func TestReceiptsEnd(t *testing.T) {
	for _, x := range []struct {
		name    string
		to      string
		answer  error
		after   time.Duration
		notes   int
		waiting bool
	}{
		{"taken", "dana@visitor.example", nil, 0, 1, false},
		{"refused for good", "dana@visitor.example", &mail.Error{Code: "permanent_550"}, 0, 1, false},
		{"refused for now", "dana@visitor.example", &mail.Error{Code: "temporary_451"}, 0, 1, true},
		{"for a day", "dana@visitor.example", &mail.Error{Code: mail.Refused}, 24*time.Hour - time.Minute, 2, true},
		{"for longer", "dana@visitor.example", &mail.Error{Code: mail.Refused}, 24 * time.Hour, 1, false},
		{"no address", "", nil, 0, 0, false},
		{"the sender's", "Forms+1@clinic.example", nil, 0, 0, false},
		{"who is alarmed", "ops@CLINIC.example", nil, 0, 0, false},
		{"who is told", "lead@clinic.example", nil, 0, 0, false},
		{"who is mailed", "desk@clinic.example", nil, 0, 0, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			c, to := newClock(), &taken{answer: x.answer}
			s := openStore(t, t.TempDir(), c)
			defer closeStore(t, s)
			o := New(Config{
				Store: s, Now: c.now,
				Carriers: Carriers{Note: to.note},
				Messages: Messages{From: "forms@clinic.example", Alarms: []string{"ops@clinic.example"}, Forms: []Form{{ID: "new-patient", Mails: []string{"desk@clinic.example"}}, {ID: "other", Notify: []notice.Notify{{Email: lead}}}}, Address: func(_ []byte, id int64) (string, error) {
					if id == 0 || x.to == "" {
						return "", errors.New("not ours")
					}
					return x.to, nil
				}},
			})
			arrive(t, s, c, arrival{stored: true, receipt: &sealedaddress.Address{Sealed: []byte("sealed")}})
			work(t, o)
			if c.add(x.after); x.after > 0 {
				o.round(t.Context())
				work(t, o)
			}
			if waiting := jobs(t, s, store.Waiting, store.Receipt); (len(waiting) == 1) != x.waiting || len(to.notes) != x.notes {
				t.Errorf("%d wait, %d were tried", len(waiting), len(to.notes))
			}
			if n := len(jobs(t, s, store.Dead, store.Receipt)) + len(jobs(t, s, store.Waiting, store.Alarm)); n != 0 {
				t.Errorf("somebody is to look at it: %d", n)
			}
			for _, j := range jobs(t, s, store.Aside, store.Receipt) {
				if j.Sealed != nil {
					t.Error("the address is kept")
				}
			}
		})
	}
}

// A receipt that hangs holds up no mail.
func TestReceiptsHaveALaneOfTheirOwn(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	began := make(chan struct{}, 10)
	sink := newSink(nil)
	hangs := func(ctx context.Context, _ *mail.Note) error {
		began <- struct{}{}
		<-ctx.Done()
		return &mail.Error{Code: mail.Stopped}
	}
	for range 6 {
		arrive(t, s, c, arrival{stored: true, receipt: &sealedaddress.Address{Sealed: []byte("sealed")}})
	}
	_, stop := run(t, Config{
		Store: s, Now: c.now,
		Carriers: Carriers{Send: sink.send, Note: hangs},
		Messages: Messages{Address: func([]byte, int64) (string, error) { return "dana@visitor.example", nil }},
		Limits:   Limits{Grace: time.Millisecond, Poll: 20 * time.Millisecond},
	})
	<-began
	put(t, s, c, 10)
	sink.wait(t, 1)
	if len(began) > 0 {
		t.Error("several receipts at once")
	}
	stop()
}

// A test of a webhook is tried once, and nobody is told.
func TestATestOfAWebhookIsTriedOnce(t *testing.T) {
	c, to := newClock(), &taken{answer: errors.New("down")}
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	o := New(Config{Store: s, Now: c.now, Carriers: Carriers{Call: to.call}, Messages: Messages{From: "forms@clinic.example", Alarms: []string{"ops@clinic.example"}}})
	if _, err := s.Enqueue(t.Context(), store.Job{Channel: store.Webhook, To: "crm", About: `{"test":true}`}); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		work(t, o)
		o.round(t.Context())
		c.add(time.Hour)
	}
	if len(to.events) != 1 || len(jobs(t, s, store.Aside, store.Webhook)) != 1 || len(jobs(t, s, store.Waiting, store.Alarm)) != 0 {
		t.Errorf("called %d times", len(to.events))
	}
}
