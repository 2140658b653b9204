package outbox

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sealform/internal/notice"
	"sealform/internal/store"
)

// covers ML06: mail and letters go only where the configuration says now; what waits for somebody who has left waits on.
func TestOnlyWhereTheConfigurationSays(t *testing.T) {
	c, to := newClock(), &taken{}
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	sink := newSink(nil)
	at := notice.Minute(0)
	o := New(Config{
		Store: s, Now: c.now, Carriers: Carriers{Send: sink.send, Note: to.note}, Messages: Messages{From: "forms@clinic.example", Alarms: []string{"ops@clinic.example"}, Forms: []Form{{ID: "new-patient", Mails: []string{"desk@clinic.example"}, Notify: []notice.Notify{{Email: lead, Digest: &at}}}}, Ending: func(time.Time) []notice.Ending { return []notice.Ending{{Name: "keys/desk.asc", At: c.now()}} }},
	})
	arrive(t, s, c, arrival{to: []string{"desk@clinic.example", "gone@clinic.example"}, size: 10, stored: true})
	arrive(t, s, c, arrival{form: "gone", to: []string{"desk@clinic.example"}, size: 10, stored: true})
	const day, ends = `{"day":"21 November 2026, 07:30"}`, `{"matter":"key-ends","name":"keys/desk.asc","ends":"2026-11-22T00:00:00Z"}`
	for _, j := range []store.Job{
		{Channel: store.Digest, Form: "new-patient", To: lead, About: day},
		{Channel: store.Digest, Form: "new-patient", To: "gone@clinic.example", About: day},
		{Channel: store.Notice, Form: "new-patient", To: "gone@clinic.example", About: `{"count":1}`},
		{Channel: store.Notice, Form: "new-patient", To: "desk@clinic.example", About: `{"too_large":true}`},
		{Channel: store.Alarm, To: "ops@clinic.example", About: ends},
		{Channel: store.Alarm, To: "gone@clinic.example", About: ends},
		{Channel: store.Alarm, To: "ops@clinic.example", About: strings.Replace(ends, "desk", "Click here", 1)},
		{Channel: store.Alarm, To: "ops@clinic.example", About: `{"matter":"queue-old","name":"keys/desk.asc"}`},
	} {
		if _, err := s.Enqueue(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	work(t, o)
	if tried, _ := sink.got(); len(tried) != 1 || len(to.notes) != 3 {
		t.Errorf("%d mails and %d letters", len(tried), len(to.notes))
	}
	for _, ch := range []store.Channel{store.Mail, store.Digest, store.Notice, store.Alarm} {
		for _, j := range jobs(t, s, store.Waiting, ch) {
			if j.LastError != "not_configured" || j.Attempts != 1 {
				t.Errorf("%+v", j)
			}
		}
	}
	o.Forms = []Form{{ID: "new-patient", Mails: []string{"gone@clinic.example"}}, {ID: "gone"}}
	c.add(2 * time.Minute)
	work(t, o)
	if tried, _ := sink.got(); len(tried) != 3 {
		t.Errorf("%d mails when it is configured again", len(tried))
	}
}

// covers ML06: words of a letter that this program would not write, and whatever somebody changed, are given up with an alarm.
func TestWhatWasChangedIsGivenUp(t *testing.T) {
	c, to := newClock(), &taken{}
	dir := t.TempDir()
	s := openStore(t, dir, c)
	defer closeStore(t, s)
	sink := newSink(nil)
	o := New(Config{Store: s, Now: c.now, Carriers: Carriers{Send: sink.send, Note: to.note}, Messages: Messages{From: "forms@clinic.example", Alarms: []string{"ops@clinic.example"}}})
	put(t, s, c, 10)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "sealform.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), `update outbox set address = 'eve@evil.example'`); err != nil {
		t.Fatal(err)
	}
	for _, about := range []string{`{"day":"Dear all, look at http://evil.example"}`, `{"day":"21 November 2026, 07:30","waiting":-1}`} {
		if _, err := s.Enqueue(t.Context(), store.Job{Channel: store.Digest, Form: "new-patient", To: lead, About: about}); err != nil {
			t.Fatal(err)
		}
	}
	work(t, o)
	work(t, o)
	if tried, _ := sink.got(); len(tried) != 0 || len(to.notes) != 1 || to.notes[0].To != "ops@clinic.example" {
		t.Fatalf("%d mails, letters %v", len(tried), to.notes)
	}
	if text := to.notes[0].Letter.Text(); !strings.Contains(text, "3 messages could not be sent") {
		t.Error(text)
	}
	for _, ch := range []store.Channel{store.Mail, store.Digest} {
		for _, j := range jobs(t, s, store.Dead, ch) {
			if j.LastError != "changed" {
				t.Errorf("%+v", j)
			}
		}
	}
	if n := len(jobs(t, s, store.Waiting, store.Mail)) + len(jobs(t, s, store.Waiting, store.Digest)); n != 0 {
		t.Errorf("%d wait", n)
	}
}

// A form that is closed is alarmed once a day, by number.
func TestClosedForms(t *testing.T) {
	c, to := newClock(), &taken{}
	o, _ := alarmed(t, c, to)
	closed := []string{"new-patient"}
	o.Closed = func(time.Time) []string { return closed }
	for range 30 {
		o.round(t.Context())
		work(t, o)
		c.add(time.Hour)
	}
	if len(to.notes) != 2 || !strings.Contains(to.notes[0].Letter.Text(), "1 form is closed") || strings.Contains(to.notes[0].Letter.Text(), "new-patient") {
		t.Errorf("%d alarms", len(to.notes))
	}
	closed = nil
	c.add(48 * time.Hour)
	o.round(t.Context())
	if n := work(t, o); n != 0 {
		t.Error("alarmed of none")
	}
}

// covers R09: a clock that was ahead leaves no digest out, and nothing waits for its sake.
func TestAClockThatWasAhead(t *testing.T) {
	c, to := newClock(), &taken{}
	at := notice.Minute(7 * 60)
	o, s := teller(t, c, to, notice.Notify{Email: lead, Digest: &at})
	sink := newSink(func(int) error { return nil })
	o.Send = sink.send
	o.round(t.Context())
	c.add(400 * 24 * time.Hour)
	o.round(t.Context())
	work(t, o)
	put(t, s, c, 10)
	c.add(-400 * 24 * time.Hour)
	before := len(to.notes)
	for range 3 {
		o.round(t.Context())
		work(t, o)
		c.add(24 * time.Hour)
	}
	if tried, _ := sink.got(); len(tried) != 1 {
		t.Error("the mail waits")
	}
	if n := len(to.notes) - before; n != 3 {
		t.Errorf("%d digests in three days", n)
	}
	if !old(c.now().Add(time.Minute), c.now()) || old(c.now(), c.now()) {
		t.Error("what was made in the future is not old")
	}
}
