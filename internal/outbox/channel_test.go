package outbox

import (
	"context"
	"testing"
	"time"

	"sealform/internal/mail"
	"sealform/internal/store"
)

// A further channel is a row and this file: it is sent in a lane of its own whatever the relay does, tried again, alarmed
// when it is given up, and ends by itself where its row says so.
func TestAFurtherChannel(t *testing.T) {
	const pager store.Channel = "pager"
	c, letters := newClock(), &taken{answer: &mail.Error{Code: mail.Auth}}
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	o := New(Config{
		Store: s, Now: c.now,
		Carriers: Carriers{Note: letters.note, Probe: func(context.Context) error { return &mail.Error{Code: mail.Auth} }},
		Messages: Messages{From: "forms@clinic.example", Alarms: []string{"ops@clinic.example"}},
	})
	var answer error = &mail.Error{Code: "no_signal"}
	o.add(channel{
		name: pager, lane: "pagers", carried: true,
		send: func(context.Context, *store.Job, mail.Last) error { return answer },
		ends: func(j *store.Job, _ mail.Code) bool { return j.To == "nobody" },
	})
	page := func(to string) {
		t.Helper()
		if _, err := s.Enqueue(t.Context(), store.Job{Channel: pager, To: to}); err != nil {
			t.Fatal(err)
		}
	}
	page("nobody")
	page("dana")
	work(t, o)
	if waiting, ended := jobs(t, s, store.Waiting, pager), jobs(t, s, store.Aside, pager); len(waiting) != 1 || waiting[0].LastError != "no_signal" || len(ended) != 1 {
		t.Fatalf("wait %+v, ended %+v", waiting, ended)
	}
	for range 6 * 24 {
		c.add(time.Hour)
		o.round(t.Context())
		work(t, o)
	}
	if dead, alarms := jobs(t, s, store.Dead, pager), jobs(t, s, store.Waiting, store.Alarm); len(dead) != 1 || len(alarms) == 0 {
		t.Fatalf("given up %+v, alarms %+v", dead, alarms)
	}
	answer = nil
	page("dana")
	work(t, o)
	if sent := jobs(t, s, store.Sent, pager); len(sent) != 1 {
		t.Errorf("sent %+v", sent)
	}
}
