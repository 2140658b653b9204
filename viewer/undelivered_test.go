package viewer

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sealform/internal/store"
)

// Staff are told quietly what does not get out: only what is theirs, and only when it is late.
func TestLate(t *testing.T) {
	h := newClinic(t)
	h.send("new-patient", maria)
	h.send("new-patient", maria)
	dana, sam := h.as("dana"), h.as("sam")
	late := func(b *browser) string {
		t.Helper()
		_, after, _ := strings.Cut(words(b.want(b.get("/inbox"), http.StatusOK).body), "until you unlock your key.")
		said, _, ok := strings.Cut(after, "See deliveries")
		if !ok {
			return ""
		}
		return strings.Join(strings.Fields(strings.TrimPrefix(strings.TrimSpace(said), "Unlock")), " ")
	}
	if got := late(dana); got != "" {
		t.Errorf("told at once: %q", got)
	}
	for range 7 { // a session ends when it rests
		h.clock.pass(10 * time.Minute)
		dana.get("/inbox")
		sam.get("/inbox")
	}
	want := "2 messages have been waiting to be sent since " + h.pages.moment(h.clock.now().Add(-70*time.Minute-2*totpPeriod*time.Second)).Short + " . Nothing is lost."
	if got := late(dana); got != want {
		t.Errorf("after an hour: %q, want %q", got, want)
	}
	if w := words(dana.get("/deliveries").body); !strings.Contains(w, "Deliveries 2 not delivered") || !strings.Contains(w, "but nothing has tried to send it.") {
		t.Errorf("the list:\n%s", w)
	}
	if got := late(sam); got != "" {
		t.Errorf("a person who may not open the form is told %q", got)
	}
	h.attempted("refused", true)
	if got, want := late(dana), "2 messages were given up. They are kept."; got != want {
		t.Errorf("given up: %q", got)
	}
	fill := func(n int, j store.Job) {
		for i := range n {
			h.enqueue(j)
			if i == 0 {
				for range 7 {
					h.clock.pass(10 * time.Minute)
					dana.get("/inbox")
				}
			}
		}
	}
	fill(201, store.Job{Channel: store.Notice, Form: "new-patient", To: frontdesk}) // all but the first just now
	if got := late(dana); !strings.HasPrefix(got, "1 message has been waiting to be sent since ") || !strings.HasSuffix(got, ", and 2 were given up. Nothing is lost.") {
		t.Errorf("one of many: %q", got)
	}
	for range 1000 {
		h.enqueue(store.Job{Channel: store.Notice, Form: "new-patient", To: frontdesk})
	}
	if got := late(dana); got != "201 messages have been waiting to be sent for too long, and 2 were given up. Nothing is lost." {
		t.Errorf("very many: %q", got)
	}
}

// Receipts, alarms and tests neither make the mark nor the line, and what was put aside does no more.
func TestWhatMatters(t *testing.T) {
	h := newClinic(t)
	dana := h.as("dana")
	told := func() string {
		t.Helper()
		w := words(dana.want(dana.get("/inbox"), http.StatusOK).body)
		if !strings.Contains(w, "not delivered") {
			return ""
		}
		_, w, _ = strings.Cut(w, "Deliveries ")
		n, _, _ := strings.Cut(w, " ")
		return n
	}
	unmoved := func(form string) {
		for _, j := range []store.Job{
			{Channel: store.Receipt, Form: form, Sealed: []byte("an address")},
			{Channel: store.Alarm, To: "ops@riverside.example", About: `{"matter":"dead-letter"}`},
			{Channel: store.Webhook, To: "crm", About: `{"test":true}`},
		} {
			h.enqueue(j)
		}
	}
	rest := func() {
		for range 7 {
			h.clock.pass(10 * time.Minute)
			dana.get("/inbox")
		}
	}
	for range 200 { // more than a page of them
		unmoved("new-patient")
	}
	rest()
	if got := told(); got != "" {
		t.Errorf("told of %s that wait", got)
	}
	h.attempted("refused", true)
	if got := told(); got != "" {
		t.Errorf("told of %s that were given up", got)
	}
	h.enqueue(store.Job{Channel: store.Webhook, Form: "new-patient", To: "crm", About: "{}"})
	at := h.enqueue(store.Job{Channel: store.Digest, Form: "new-patient", To: frontdesk})
	unmoved("new-patient")
	rest()
	if got := told(); got != "2" {
		t.Errorf("told of %q that wait, want 2", got)
	}
	h.attempted("refused", true)
	if got := told(); got != "2" {
		t.Errorf("told of %q that were given up, want 2", got)
	}
	dana.want(dana.post(at+"/aside"), http.StatusSeeOther)
	if got := told(); got != "1" {
		t.Errorf("told of %q with one put aside, want 1", got)
	}
}

// A message that a clock made in the future waits too.
func TestMadeAhead(t *testing.T) {
	h := newClinic(t)
	dana := h.as("dana")
	h.clock.pass(48 * time.Hour)
	at := h.enqueue(store.Job{Channel: store.Notice, Form: "new-patient", To: frontdesk})
	h.clock.pass(-48 * time.Hour)
	if w := words(dana.want(dana.get("/inbox"), http.StatusOK).body); !strings.Contains(w, "1 message has been waiting to be sent for too long. Nothing is lost.") {
		t.Errorf("the inbox:\n%s", w)
	}
	if w := words(dana.get(at).body); !strings.Contains(w, "as if a clock had run ahead") {
		t.Errorf("its page:\n%s", w)
	}
}

// Receipts and tests end by themselves: their pages say so, tell nobody to do anything, and nobody put them aside.
func TestEndedByItself(t *testing.T) {
	h := newClinic(t)
	receipt := h.enqueue(store.Job{Channel: store.Receipt, Form: "contact", Reference: "R7K-4Q2", Sealed: []byte("an address")})
	test := h.enqueue(store.Job{Channel: store.Webhook, To: "crm", About: `{"test":true}`})
	b := h.as("sam")
	lease := h.clock.now().Add(time.Minute)
	jobs, err := h.desk.Store.Claim(t.Context(), channels, 10, lease)
	if err != nil || len(jobs) != 2 {
		t.Fatal(jobs, err)
	}
	for _, j := range jobs {
		code := "answered_404"
		if j.Channel == store.Receipt {
			code = "permanent_550"
		}
		if err := h.desk.Store.End(t.Context(), j.ID, lease, code); err != nil {
			t.Fatal(err)
		}
	}
	for at, want := range map[string][]string{
		receipt: {"Ended", "refuses the address: often it was mistyped", noReceipt, "no longer kept here"},
		test:    {"Ended", "has nothing at this address", "It was a test: send another", "Try again now"},
	} {
		w := words(b.want(b.get(at), http.StatusOK).body)
		for _, s := range want {
			if !strings.Contains(w, s) {
				t.Errorf("%q is not on the page:\n%s", s, w)
			}
		}
		for _, s := range []string{"Put aside", "seen to", "Given up", "not delivered"} {
			if strings.Contains(w, s) {
				t.Errorf("%q is on the page:\n%s", s, w)
			}
		}
	}
	b.want(b.post(receipt+"/retry"), http.StatusConflict)
}
