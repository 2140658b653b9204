package viewer

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/store"
)

// "Try again now" is on record, moves the delivery and wakes the outbox.
// covers LK10
func TestRetry(t *testing.T) {
	h := newClinic(t)
	id, ref := h.send("new-patient", maria)
	at := h.mailOf(id)
	h.attempted("refused", false)
	b := h.as("dana")
	acts := len(h.acts())
	for i, code := range []string{"", "", "ok"} { // waiting; given up; sent
		if i == 1 {
			h.attempted("refused", true)
		}
		if code == "ok" {
			h.attempted("ok", false)
			h.clock.pass(againAfter)
		}
		if a := b.want(b.post(at+"/retry"), http.StatusSeeOther); a.to() != at {
			t.Errorf("%d: leads to %s", i, a.to())
		}
		if n := h.count(`select count(*) from outbox where state = 0 and due <= ?`, h.clock.now().UnixMilli()); n != 1 {
			t.Errorf("%d: it is not due", i)
		}
	}
	want := strings.Repeat(`delivery-retried ["mail","`+ref+`"]`+"\n", 3)
	if d := cmp.Diff(want, strings.Join(h.acts()[acts:], "\n")+"\n"); d != "" {
		t.Error(d)
	}
	if h.nudges.Load() != 3 {
		t.Errorf("%d nudges", h.nudges.Load())
	}
}

// A receipt that went out cannot go out again, as its address is gone; nothing is done then and nothing put on record.
func TestSpent(t *testing.T) {
	h := newClinic(t)
	at := h.enqueue(store.Job{Channel: store.Receipt, Form: "contact", Reference: "R7K-4Q2", Sealed: []byte("an address")})
	h.attempted("ok", false)
	b := h.as("sam")
	if w := words(b.want(b.get(at), http.StatusOK).body); strings.Contains(w, "Send again") || !strings.Contains(w, "cannot be sent again") {
		t.Errorf("the page:\n%s", w)
	}
	acts := len(h.acts())
	b.want(b.post(at+"/retry"), http.StatusConflict)
	if len(h.acts()) != acts || h.nudges.Load() != 0 {
		t.Error("something was done")
	}
}

// Without a record nothing is sent again.
// covers LK10
func TestNoRecordNoRetry(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria)
	at := h.mailOf(id)
	h.attempted("ok", false)
	other, _ := h.send("new-patient", maria)
	dead := h.mailOf(other)
	h.attempted("refused", true)
	b := h.as("dana")
	h.clock.pass(againAfter)
	b.get("/inbox") // the session is noted now, and not again below
	h.beside(`create trigger no_record before insert on audit begin select raise(abort, 'disk full'); end`)
	b.want(b.post(at+"/retry"), http.StatusServiceUnavailable)
	b.want(b.post(dead+"/aside"), http.StatusServiceUnavailable)
	b.want(b.post("/deliveries/webhooks/crm/test"), http.StatusServiceUnavailable)
	h.beside(`drop trigger no_record`)
	if h.count(`select count(*) from outbox where state in (0, 3)`) != 0 || h.nudges.Load() != 0 {
		t.Error("something was done without a record")
	}
}

// What went out is not sent again at once, nor all day long: each time it comes to somebody's mailbox.
// covers LK10
func TestAgainIsBounded(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria)
	at := h.mailOf(id)
	b := h.as("dana")
	h.attempted("ok", false)
	refused := func(page, answer string) {
		t.Helper()
		acts, nudges := len(h.acts()), h.nudges.Load()
		if w := words(b.want(b.get(at), http.StatusOK).body); strings.Contains(w, "Send again") || !strings.Contains(w, page) {
			t.Errorf("the page:\n%s", w)
		}
		body := b.want(b.post(at+"/retry"), http.StatusConflict).body
		if w := words(body); !strings.Contains(w, answer) || !strings.Contains(body, `href="`+at+`"`) {
			t.Errorf("the answer:\n%s", w)
		}
		if n := h.count(`select count(*) from outbox where state = 0`); n != 0 || len(h.acts()) != acts || h.nudges.Load() != nudges {
			t.Error("something was done")
		}
	}
	for range againDaily {
		h.clock.pass(againAfter - time.Second)
		refused("Sent a moment ago.", "Sent a moment ago. Wait two minutes.")
		h.clock.pass(time.Second)
		b.want(b.post(at+"/retry"), http.StatusSeeOther)
		h.attempted("ok", false)
	}
	h.clock.pass(againAfter)
	refused("Sent again five times within a day.", "Wait until tomorrow")
	h.clock.pass(24 * time.Hour)
	b = h.as("dana")
	b.want(b.post(at+"/retry"), http.StatusSeeOther)
}

// What is due already is not hurried: an attempt may be under way, and its page says so.
func TestRetryWhileTried(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria)
	at := h.mailOf(id)
	b := h.as("dana")
	h.attempted("timeout", false)
	h.clock.pass(10 * time.Minute)
	lease := h.clock.now().Add(time.Minute)
	jobs, err := h.desk.Store.Claim(t.Context(), channels, 10, lease)
	if err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	if w := words(b.want(b.get(at), http.StatusOK).body); strings.Contains(w, "Try again now") || !strings.Contains(w, "It is being tried now.") {
		t.Errorf("the page:\n%s", w)
	}
	acts := len(h.acts())
	b.want(b.post(at+"/retry"), http.StatusSeeOther)
	if len(h.acts()) != acts || h.nudges.Load() != 0 {
		t.Error("something was done")
	}
	if err := h.desk.Store.Retry(t.Context(), jobs[0].ID, lease, h.clock.now().Add(time.Minute), "timeout"); err != nil {
		t.Errorf("its lease was taken: %v", err)
	}
	if w := words(b.get(at).body); !strings.Contains(w, "Try again now") {
		t.Errorf("the page afterwards:\n%s", w)
	}
}

// One that was changed in the database is said to be, in whatever state it is, and is not sent.
// covers LK10
func TestChangedIsNotSent(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria)
	at := h.mailOf(id)
	h.attempted("permanent_550", true)
	h.tamper(`update outbox set address = 'mallory@evil.example'`)
	b := h.as("dana")
	acts := len(h.acts())
	for state := range jobStates {
		h.tamper(`update outbox set state = ?`, state)
		if w := words(b.want(b.get(at), http.StatusOK).body); !strings.Contains(w, "It was changed in the database") ||
			strings.Contains(w, "Try again now") || strings.Contains(w, "Send again") || strings.Contains(w, "It is tried again") {
			t.Errorf("its page in state %d:\n%s", state, w)
		}
		if w := words(b.want(b.post(at+"/retry"), http.StatusConflict).body); !strings.Contains(w, "sealform audit verify") {
			t.Errorf("the answer:\n%s", w)
		}
	}
	if len(h.acts()) != acts || h.nudges.Load() != 0 {
		t.Error("something was done")
	}
}
