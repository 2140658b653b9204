package outbox

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sealform/internal/mail"
	"sealform/internal/notice"
	"sealform/internal/store"
)

func alarmed(t *testing.T, c *clock, to *taken) (*Outbox, *store.Store) {
	t.Helper()
	s := openStore(t, t.TempDir(), c)
	t.Cleanup(func() { closeStore(t, s) })
	return New(Config{Store: s, Now: c.now, Carriers: Carriers{Note: to.note}, Messages: Messages{From: "forms@clinic.example", Alarms: []string{"ops@clinic.example"}}}), s
}

// covers R21
func TestKeysThatEnd(t *testing.T) {
	t.Parallel()
	c, to := newClock(), &taken{}
	begin := c.now()
	o, _ := alarmed(t, c, to)
	end := begin.Add(70*24*time.Hour + time.Hour)
	o.Ending = func(time.Time) []notice.Ending {
		return []notice.Ending{{Name: "keys/front-desk.asc", At: end}, {Name: "never@clinic.example", At: begin.Add(1000 * 24 * time.Hour)}}
	}
	var days []int
	for ; c.now().Before(end.Add(50 * time.Hour)); c.add(30 * time.Minute) {
		o.round(t.Context())
		for range work(t, o) {
			days = append(days, int(end.Sub(c.now()).Hours())/24)
		}
	}
	if want := []int{60, 30, 14, 7, 1, 0, -1, -2}; !slices.Equal(days, want) {
		t.Errorf("alarms with so many whole days left: %v, want %v", days, want)
	}
	for i, want := range []string{"ends in 60 days", "ends in 30 days", "ends in 14 days", "ends in 7 days", "ends in 1 day.", "has ended"} {
		if text := strings.Join(strings.Fields(to.notes[i].Letter.Text()), " "); !strings.Contains(text, "keys/front-desk.asc "+want) {
			t.Errorf("alarm %d: %s", i, text)
		}
	}
	for _, n := range to.notes {
		if strings.Contains(n.Letter.Text(), "never@") {
			t.Error("an alarm about a key that lasts")
		}
	}
}

// covers ML10
func TestTooLargeForTheRelay(t *testing.T) {
	c, to := newClock(), &taken{}
	o, s := alarmed(t, c, to)
	o = New(withSend(o.Config, newSink(func(int) error { return &mail.Error{Code: mail.TooLarge} })))
	for range 3 {
		put(t, s, c, 10)
	}
	work(t, o)
	work(t, o)
	if len(to.notes) != 1 || !strings.Contains(to.notes[0].Letter.Text(), "3 messages are larger") {
		t.Fatalf("%d alarms", len(to.notes))
	}
	c.add(2 * time.Hour)
	work(t, o)
	work(t, o)
	if len(to.notes) != 1 {
		t.Errorf("%d alarms in a day", len(to.notes))
	}

	arrive(t, s, c, arrival{stored: true, tooLarge: "desk@clinic.example"})
	work(t, o)
	n := to.notes[len(to.notes)-1]
	if n.To != "desk@clinic.example" || !strings.Contains(n.Letter.Subject(), "too large to mail") {
		t.Errorf("to %s: %s", n.To, n.Letter.Subject())
	}
}

func withSend(c Config, s *sink) Config {
	c.Send = s.send
	return c
}

// Who was told of letters given up within the day is told of the later ones when it is over, and then no more.
func TestLettersGivenUpLaterAreNotForgotten(t *testing.T) {
	c, to := newClock(), &taken{}
	o, _ := alarmed(t, c, to)
	for range 3 {
		o.givenUp(t.Context())
		work(t, o)
		c.add(time.Hour)
		o.round(t.Context())
	}
	if n := len(to.notes); n != 1 {
		t.Errorf("%d alarms at once", n)
	}
	for range 24 * 5 {
		c.add(time.Hour)
		o.round(t.Context())
		work(t, o)
	}
	if len(to.notes) != 2 {
		t.Errorf("%d alarms in all, want 2", len(to.notes))
	}
}

// What was sent can be sent again for its time, by the clock that erasing trusts; then it goes, and nothing else does.
func TestWhatWasSentIsPurged(t *testing.T) {
	c, to := newClock(), &taken{}
	o, s := alarmed(t, c, to)
	o = New(withSend(o.Config, newSink(func(n int) error {
		if n == 0 {
			return nil
		}
		return &mail.Error{Code: mail.Refused}
	})))
	put(t, s, c, 10)
	put(t, s, c, 10)
	work(t, o)
	sent := func() int { return len(jobs(t, s, store.Sent, store.Mail)) }
	c.add(31 * 24 * time.Hour)
	if o.round(t.Context()); sent() != 1 {
		t.Error("a clock that jumped removed what was sent")
	}
	if _, err := s.Witnessed(t.Context(), 31*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if o.round(t.Context()); sent() != 1 {
		t.Error("it is looked at more than once an hour")
	}
	c.add(time.Hour)
	if o.round(t.Context()); sent() != 0 || len(jobs(t, s, store.Waiting, store.Mail)) != 1 {
		t.Error("what was sent is kept for ever, or what waits is not")
	}
}
