package outbox

import (
	"context"
	"errors"
	"testing"
	"time"

	"sealform/internal/mail"
	"sealform/internal/store"
)

// covers R09: what waits for its hour goes out when the relay is back, and what the relay has something against does not.
func TestTheRelayCameBack(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	away, disliked := true, ""
	probed := 0
	o := New(Config{
		Store: s, Now: c.now, Carriers: Carriers{Call: (&taken{answer: errors.New("down")}).call, Send: func(_ context.Context, m *mail.Message) error {
			switch {
			case away:
				return &mail.Error{Code: mail.Timeout}
			case m.MessageID == disliked:
				return &mail.Error{Code: "permanent_554"}
			}
			return nil
		}, Probe: func(context.Context) error {
			if probed++; away {
				return &mail.Error{Code: mail.Refused}
			}
			return nil
		}}, Messages: Messages{From: "forms@clinic.example"},
	})
	const n = 30
	for range n {
		put(t, s, c, 10)
	}
	disliked = put(t, s, c, 10)
	arrive(t, s, c, arrival{stored: true, webhooks: []string{"crm"}})
	for range 60 * 12 { // twelve hours, until all wait for their hour
		o.round(t.Context())
		work(t, o)
		c.add(time.Minute)
	}
	if probed < 60*12-5 || probed > 60*12+1 {
		t.Errorf("probed %d times", probed)
	}
	away = false
	o.round(t.Context())
	if got := work(t, o); got < n {
		t.Errorf("%d attempts when it was back", got)
	}
	if waiting := jobs(t, s, store.Waiting, store.Mail); len(waiting) != 1 || waiting[0].MessageID != disliked {
		t.Errorf("%d wait", len(waiting))
	}
	if hooks := jobs(t, s, store.Waiting, store.Webhook); len(hooks) != 1 || !hooks[0].Due.After(c.now()) {
		t.Error("a webhook was called because the relay is back")
	}
	before := probed
	for range 60 {
		c.add(time.Minute)
		o.round(t.Context())
	}
	if probed != before+4 {
		t.Errorf("a relay that is there was probed %d times in an hour", probed-before)
	}
}

// After a restart nobody knows since when the relay was away: the first answer counts.
func TestTheRelayIsThereAfterARestart(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	put(t, s, c, 10)
	down := New(Config{Store: s, Now: c.now, Carriers: Carriers{Send: newSink(func(int) error { return &mail.Error{Code: mail.BadCertificate} }).send}, Messages: Messages{From: "forms@clinic.example"}})
	for range 5 {
		c.add(2 * time.Hour)
		work(t, down)
	}
	sink := newSink(nil)
	o := New(Config{Store: s, Now: c.now, Carriers: Carriers{Send: sink.send, Probe: func(context.Context) error { return nil }}, Messages: Messages{From: "forms@clinic.example"}})
	if n := work(t, o); n != 0 {
		t.Fatal("it was due anyway")
	}
	o.round(t.Context())
	if n := work(t, o); n != 1 {
		t.Errorf("%d attempts", n)
	}
}

// A message that makes the relay hang up, among others that go well, is not sent again and again.
func TestAMessageThatHangsUpIsNotHastened(t *testing.T) {
	r := newRelay(false)
	now := newClock().now()
	if !r.saw(ok, now, false) || !r.cameBack() || r.cameBack() {
		t.Error("the first answer since the start does not count")
	}
	for _, x := range []struct {
		code  mail.Code
		after time.Duration
		want  bool
	}{
		{"cut", 0, false},
		{ok, time.Minute, false},
		{"cut", time.Minute, false},
		{"temporary_451", 20 * time.Second, false},
		{"refused", time.Second, false},
		{"stopped", 10 * time.Minute, false},
		{"cut_after_data", time.Minute, false},
		{"timeout", time.Minute, false},
		{"permanent_550", time.Minute, true},
		{ok, time.Hour, false},
	} {
		if now = now.Add(x.after); r.saw(x.code, now, false) != x.want {
			t.Errorf("%s after %v", x.code, x.after)
		}
	}
	if !r.cameBack() || r.cameBack() {
		t.Error("that it came back is to be told once")
	}
}

// covers R09: a relay that is there and has nothing to say but that it cannot take anybody in is away.
func TestAwayInItsOwnWords(t *testing.T) {
	for _, code := range []mail.Code{"temporary_421", "temporary_454", "no_starttls", "bad_certificate", "auth"} {
		r := newRelay(false)
		at := newClock().now()
		r.saw(ok, at, false)
		r.saw(code, at.Add(time.Minute), false)
		if r.state == up || !r.saw(ok, at.Add(time.Hour), false) {
			t.Errorf("%s does not count as being away", code)
		}
	}
	for _, code := range []mail.Code{"temporary_451", "permanent_550", "too_large"} {
		r := newRelay(false)
		at := newClock().now()
		r.saw(ok, at, false)
		r.saw(code, at.Add(time.Minute), false)
		if r.state != up || r.saw(ok, at.Add(time.Hour), false) {
			t.Errorf("%s is about one message, and counts as being away", code)
		}
	}
}
