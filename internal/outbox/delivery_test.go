package outbox

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"sealform/internal/mail"
	"sealform/internal/store"
)

func deliverer(t *testing.T, c *clock, send *server) (*Outbox, *store.Store) {
	t.Helper()
	relay := smtpServer(t, send)
	s := openStore(t, t.TempDir(), c)
	t.Cleanup(func() { closeStore(t, s) })
	return New(Config{Store: s, Now: c.now, Carriers: Carriers{Send: relay.Send, Note: relay.Note}, Messages: Messages{From: "forms@clinic.example", Alarms: []string{"ops@clinic.example"}}}), s
}

// covers R09: one mailbox that does not exist holds up nobody else, and is not given up itself.
func TestEachAddressIsOnItsOwn(t *testing.T) {
	c := newClock()
	known := false
	server := &server{rcpt: func(to string) error {
		if to == "new@clinic.example" && !known {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
		}
		return nil
	}}
	o, s := deliverer(t, c, server)
	sub := arrive(t, s, c, arrival{size: 100, to: []string{"desk@clinic.example", "new@clinic.example", "lawyer@office.example"}})
	work(t, o)
	_, to := server.got()
	slices.Sort(to)
	if !slices.Equal(to, []string{"desk@clinic.example", "lawyer@office.example"}) {
		t.Fatalf("sent to %v", to)
	}
	waiting := jobs(t, s, store.Waiting, store.Mail)
	if len(waiting) != 1 || waiting[0].To != "new@clinic.example" || waiting[0].LastError != "permanent_550" {
		t.Fatalf("%+v", waiting)
	}
	server.mu.Lock()
	known = true
	server.mu.Unlock()
	c.add(2 * time.Minute)
	work(t, o)
	messages, to := server.got()
	if len(to) != 3 || to[2] != "new@clinic.example" || messageIDs(messages)[2] != sub.Mails[1].MessageID {
		t.Errorf("sent to %v as %v", to, messageIDs(messages))
	}
	if n := len(jobs(t, s, store.Sent, store.Mail)); n != 3 {
		t.Errorf("%d are kept as sent", n)
	}
}

// covers R09: greylisting for 15 minutes costs two retries and no alarm.
func TestGreylisted(t *testing.T) {
	c := newClock()
	begin := c.now()
	var tried []time.Duration
	server := &server{rcpt: func(string) error {
		tried = append(tried, c.now().Sub(begin))
		if c.now().Sub(begin) < 15*time.Minute {
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "try again later"}
		}
		return nil
	}}
	o, s := deliverer(t, c, server)
	put(t, s, c, 100)
	for c.now().Sub(begin) < time.Hour {
		work(t, o)
		o.round(t.Context())
		c.add(30 * time.Second)
	}
	if messages, _ := server.got(); len(messages) != 1 || len(tried) != 4 || tried[3] > 27*time.Minute {
		t.Errorf("%d messages, tried after %v", len(messages), tried)
	}
	if n := len(jobs(t, s, store.Waiting, store.Alarm)); n != 0 {
		t.Errorf("%d alarms", n)
	}
}

// covers R09 R10: whether the relay has the message is not known, so it goes again, and says that it is the same.
func TestHungUpAfterTheFinalDot(t *testing.T) {
	c := newClock()
	server := &server{hangUp: func(n int) bool { return n == 0 }}
	o, s := deliverer(t, c, server)
	id := put(t, s, c, 100)
	work(t, o)
	if j := jobs(t, s, store.Waiting, store.Mail); len(j) != 1 || j[0].LastError != string(mail.CutAfterData) {
		t.Fatalf("%+v", j)
	}
	c.add(2 * time.Minute)
	work(t, o)
	messages, _ := server.got()
	if !slices.Equal(messageIDs(messages), []string{id, id}) || messages[0] != messages[1] {
		t.Errorf("sent as %v, want %s twice, in the same bytes", messageIDs(messages), id)
	}
	if n := len(jobs(t, s, store.Sent, store.Mail)); n != 1 {
		t.Errorf("%d sent", n)
	}
}

// covers R10: a process that is killed between the relay's answer and its own note costs one duplicate, with the same
// Message-ID, however many messages it had under way: the others' last lines were not sent.
func TestKilledDuringDelivery(t *testing.T) {
	c := newClock()
	server := &server{}
	o, s := deliverer(t, c, server)
	for range 3 {
		put(t, s, c, 100)
	}
	lease := c.now().Add(o.Lease)
	claimed, err := s.Claim(t.Context(), one, 2, lease)
	if err != nil || len(claimed) != 2 {
		t.Fatal(claimed, err)
	}
	if err := o.send(t.Context(), &claimed[0], (&inDoubt{of: o.doubts}).enter); err != nil {
		t.Fatal(err)
	}
	killed, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond) // and then the process is gone
	defer cancel()
	if err := o.send(killed, &claimed[1], (&inDoubt{of: o.doubts}).enter); err == nil {
		t.Error("a second message went out while the first was in doubt")
	}
	next := New(o.Config)
	work(t, next)
	if messages, _ := server.got(); len(messages) != 2 {
		t.Fatalf("%d messages while the leases stand", len(messages))
	}
	c.add(o.Lease)
	work(t, next)
	messages, _ := server.got()
	count := map[string]int{}
	for _, id := range messageIDs(messages) {
		count[id]++
	}
	if len(messages) != 4 || len(count) != 3 {
		t.Errorf("sent as %v", count)
	}
}

// covers R09 R21: after an hour the operator is warned, after five days a letter is given up, and never sooner. It is
// kept, and goes out when somebody says so.
func TestAnHourAndFiveDays(t *testing.T) {
	t.Parallel()
	c, to := newClock(), &taken{}
	begin, open := c.now(), false
	sink := newSink(func(int) error {
		if !open {
			return &mail.Error{Code: mail.Refused, Step: "connect"}
		}
		return nil
	})
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	o := New(Config{
		Store: s, Now: c.now,
		Carriers: Carriers{Send: sink.send, Note: to.note},
		Messages: Messages{From: "forms@clinic.example", Alarms: []string{"ops@clinic.example", "head@clinic.example"}},
		Limits:   Limits{GiveUp: time.Hour}, // too soon to be heeded
	})
	id := put(t, s, c, 100)
	var warned time.Duration
	for ; c.now().Sub(begin) < 5*24*time.Hour; c.add(10 * time.Minute) {
		o.round(t.Context())
		work(t, o)
		if warned == 0 && len(to.notes) > 0 {
			warned = c.now().Sub(begin)
		}
		if n := len(jobs(t, s, store.Waiting, store.Mail)); n != 1 {
			t.Fatalf("after %v %d wait", c.now().Sub(begin), n)
		}
	}
	if warned <= time.Hour || warned > 70*time.Minute || len(to.notes) != 10 { // two addresses, five days
		t.Errorf("%d alarms in five days, the first after %v", len(to.notes), warned)
	}
	if tried, _ := sink.got(); len(tried) < 90 || len(tried) > 130 {
		t.Errorf("tried %d times", len(tried))
	}
	dead := givenUp(t, o, c, to)
	if dead.MessageID != id || dead.LastError != string(mail.Refused) {
		t.Errorf("%+v", dead)
	}
	open = true
	if err := s.RetryNow(t.Context(), dead.ID); err != nil {
		t.Fatal(err)
	}
	work(t, o)
	if _, sent := sink.got(); !slices.Equal(sent, []string{id}) {
		t.Errorf("sent %v", sent)
	}
}

// givenUp lets the last hour pass and gives the letter that was given up, as it is three months later.
func givenUp(t *testing.T, o *Outbox, c *clock, to *taken) store.Job {
	t.Helper()
	to.notes = nil
	for range 10 {
		c.add(10 * time.Minute)
		work(t, o)
	}
	alarms := slices.DeleteFunc(to.notes, func(n *mail.Note) bool { return n.Letter.Subject() != "Messages were given up after five days" })
	if len(alarms) != 2 {
		t.Errorf("%d alarms", len(alarms))
	}
	if _, err := o.Store.Witnessed(t.Context(), 90*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	c.add(90 * 24 * time.Hour)
	o.round(t.Context())
	dead := jobs(t, o.Store, store.Dead, store.Mail)
	if len(dead) != 1 {
		t.Fatalf("%d are kept", len(dead))
	}
	return dead[0]
}
