package viewer

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/store"
)

const frontdesk = "frontdesk@riverside.example"

var channels = []store.Channel{store.Mail, store.Notice, store.Digest, store.Alarm, store.Webhook, store.Receipt}

// mailOf is the address of the delivery that a submission made.
func (h *house) mailOf(id int64) string {
	h.t.Helper()
	for _, s := range jobStates {
		all, err := h.desk.Store.Jobs(h.t.Context(), store.JobFilter{State: s, Limit: 1000})
		if err != nil {
			h.t.Fatal(err)
		}
		for _, j := range all {
			if j.Submission == id && j.Channel == store.Mail {
				return h.desk.jobAddress(j.ID)
			}
		}
	}
	h.t.Fatal("the submission made no mail")
	return ""
}

// enqueue adds a job and gives its address.
func (h *house) enqueue(j store.Job) string {
	h.t.Helper()
	id, err := h.desk.Store.Enqueue(h.t.Context(), j)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.desk.jobAddress(id)
}

// attempted ends one attempt of everything that is due, as the outbox would: "ok", or put off for ten minutes; with last, given up.
func (h *house) attempted(code string, last bool) {
	h.t.Helper()
	s, ctx := h.desk.Store, h.t.Context()
	lease := h.clock.now().Add(time.Minute)
	jobs, err := s.Claim(ctx, channels, 1000, lease)
	if err != nil || len(jobs) == 0 {
		h.t.Fatalf("nothing is due: %v", err)
	}
	for _, j := range jobs {
		switch {
		case code == "ok":
			err = s.Sent(ctx, j.ID)
		case last:
			err = s.Bury(ctx, j.ID, lease, code)
		default:
			err = s.Retry(ctx, j.ID, lease, h.clock.now().Add(10*time.Minute), code)
		}
		if err != nil {
			h.t.Fatal(err)
		}
	}
}

// Each state of a delivery is on the page, in plain words.
// covers ML03, R09
func TestDeliveriesInWords(t *testing.T) {
	h := newHouse(t)
	h.clock.at = time.Date(h.clock.at.Year(), 3, 2, 15, 2, 0, 0, time.UTC).AddDate(1, 0, 0)
	id, ref := h.send("new-patient", maria)
	h.enqueue(store.Job{Channel: store.Receipt, Form: "new-patient", Reference: ref, Submission: id, Sealed: []byte("sealed address")})
	h.enqueue(store.Job{Channel: store.Webhook, Form: "new-patient", Reference: ref, Submission: id, To: "crm", About: "{}"})
	h.enqueue(store.Job{Channel: store.Notice, Form: "new-patient", To: "dana@riverside.example", About: `{"count":3}`})
	b := h.as("dana")
	has := func(body string, all ...string) {
		t.Helper()
		for _, want := range all {
			if !strings.Contains(words(body), want) {
				t.Errorf("%q is not in:\n%s", want, words(body))
			}
		}
	}
	list := b.want(b.get("/deliveries"), http.StatusOK).body
	has(list, "Waiting 4", "Sealed mail to "+frontdesk, "Receipt to the visitor", "Webhook to crm", "Notice to dana@riverside.example", ref, "New patient form", "about to be sent", "since 09:02")
	at := h.mailOf(id)
	has(b.want(b.get(at), http.StatusOK).body, "It is on its way", "Nothing yet", "Try again now", "Message-ID", ref)

	h.attempted("bad-certificate", false)
	list = b.want(b.get("/deliveries"), http.StatusOK).body
	has(list, "Your mail server showed a certificate", "The webhook’s server showed a certificate", "tried once", "next try 09:12")
	one := b.want(b.get(at), http.StatusOK).body
	has(one, "so nothing was sent.", "Ask whoever runs the mail server", "It is tried again at 09:12")
	if !strings.Contains(one, `href="`+h.at("new-patient", id)+`"`) {
		t.Error("no link to the submission")
	}

	h.clock.pass(10 * time.Minute)
	h.attempted("permanent-550", true)
	if w := words(b.want(b.get("/deliveries"), http.StatusOK).body); !strings.Contains(w, "Nothing is waiting") || !strings.Contains(w, "Given up 4") {
		t.Errorf("after giving up:\n%s", w)
	}
	has(b.want(b.get("/deliveries?show=given-up"), http.StatusOK).body, "tried twice", "Your mail server refuses this address")
	has(b.want(b.get(at), http.StatusOK).body, "Given up", "Try again now", "refuses this address", "showed a certificate")

	b.want(b.post(at+"/retry"), http.StatusSeeOther)
	h.attempted("ok", false)
	has(b.want(b.get("/deliveries?show=sent"), http.StatusOK).body, "Sent 1", "Sealed mail to "+frontdesk, "1 shown of 1")
	has(b.want(b.get(at), http.StatusOK).body, "Sent.", "Send again")
	b.want(b.get("/deliveries?show=none"), http.StatusNotFound)
	b.want(b.get("/deliveries?before=AAAAAAAAAAAAAAAAAAAAAA"), http.StatusNotFound)
}

// What all rows share is said once.
func TestSharedReason(t *testing.T) {
	h := newHouse(t)
	for range 3 {
		h.send("new-patient", maria)
	}
	h.attempted("no-starttls", false)
	b := h.as("dana")
	w := words(b.want(b.get("/deliveries"), http.StatusOK).body)
	if n := strings.Count(w, "offered no encryption, so nothing was sent in clear"); n != 1 {
		t.Errorf("said %d times:\n%s", n, w)
	}
	h.clock.pass(10 * time.Minute)
	h.attempted("ok", false)
	if w := words(b.get("/deliveries").body); strings.Contains(w, "no encryption") {
		t.Errorf("said although all went out:\n%s", w)
	}
}

// "Try again now" is on record, moves the delivery and wakes the outbox.
// covers LK10
func TestRetry(t *testing.T) {
	h := newHouse(t)
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
	h := newHouse(t)
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
	h := newHouse(t)
	id, _ := h.send("new-patient", maria)
	at := h.mailOf(id)
	h.attempted("ok", false)
	other, _ := h.send("new-patient", maria)
	dead := h.mailOf(other)
	h.attempted("refused", true)
	b := h.as("dana")
	h.beside(`create trigger no_record before insert on audit begin select raise(abort, 'disk full'); end`)
	b.want(b.post(at+"/retry"), http.StatusServiceUnavailable)
	b.want(b.post(dead+"/aside"), http.StatusServiceUnavailable)
	b.want(b.post("/deliveries/webhooks/crm/test"), http.StatusServiceUnavailable)
	h.beside(`drop trigger no_record`)
	if h.count(`select count(*) from outbox where state in (0, 3)`) != 0 || h.nudges.Load() != 0 {
		t.Error("something was done without a record")
	}
}

// covers AU01
func TestHookTest(t *testing.T) {
	h := newHouse(t)
	b := h.as("sam")
	if page := b.want(b.get("/deliveries"), http.StatusOK).body; !strings.Contains(page, `action="/deliveries/webhooks/crm/test"`) {
		t.Error("no button")
	}
	acts := len(h.acts())
	a := b.want(b.post("/deliveries/webhooks/crm/test"), http.StatusSeeOther)
	if w := words(b.want(b.get(a.to()), http.StatusOK).body); !strings.Contains(w, "Webhook test") || !strings.Contains(w, "To crm") {
		t.Errorf("the test's page:\n%s", w)
	}
	if d := cmp.Diff([]string{`webhook-tested ["crm"]`}, h.acts()[acts:]); d != "" || h.nudges.Load() != 1 {
		t.Errorf("%s\n%d nudges", d, h.nudges.Load())
	}
	for _, b := range []*browser{b, h.as("dana")} {
		if w := words(b.get("/deliveries").body); !strings.Contains(w, "Webhook test to crm") {
			t.Errorf("the test is not listed:\n%s", w)
		}
	}
	none := b.want(b.post("/deliveries/webhooks/none/test"), http.StatusNotFound)
	h.tamper(`delete from locked_key where account = ?`, h.accounts["sam"])
	for _, path := range []string{"/deliveries/webhooks/crm/test", a.to() + "/retry"} {
		if got := b.want(b.post(path), http.StatusNotFound); words(got.body) == "" || words(none.body) == "" {
			t.Error("no words")
		}
	}
	if h.nudges.Load() != 1 {
		t.Error("a person who may open nothing had a webhook called")
	}
}

// Deliveries of a form are for who may open the form; those of none, for everybody who may open some form.
// covers AU01
func TestWhoSeesDeliveries(t *testing.T) {
	h := newHouse(t)
	_, ref := h.send("new-patient", maria)
	alarm := h.enqueue(store.Job{Channel: store.Alarm, To: "ops@riverside.example", About: `{"matter":"queue-old","count":2}`})
	h.enqueue(store.Job{Channel: store.Notice, Form: "contact", To: "sam@riverside.example"})
	gone := h.enqueue(store.Job{Channel: store.Notice, Form: "taken-away", To: "sam@riverside.example"})
	for name, want := range map[string][4]bool{"dana": {true, true, true, true}, "sam": {false, true, true, false}} {
		b := h.as(name)
		w := words(b.want(b.get("/deliveries"), http.StatusOK).body)
		got := [4]bool{strings.Contains(w, ref), strings.Contains(w, "ops@riverside.example"), strings.Contains(w, "Contact us"), strings.Contains(w, "taken-away")}
		if got != want {
			t.Errorf("%s sees new-patient's, none's, contact's and those of a form that is gone: %v, want %v\n%s", name, got, want, w)
		}
		b.want(b.get(alarm), http.StatusOK)
		status := http.StatusNotFound
		if want[3] {
			status = http.StatusOK
		}
		b.want(b.get(gone), status)
	}
}

// A delivery's address cannot be made up, and one of a list or a submission is none.
// covers AU02
func TestDeliveryAddresses(t *testing.T) {
	h := newHouse(t)
	id, _ := h.send("new-patient", maria)
	at := h.mailOf(id)
	b := h.as("dana")
	job, ok := h.desk.jobs.OpenID(strings.TrimPrefix(at, "/deliveries/"))
	if !ok {
		t.Fatal("the address does not open")
	}
	for _, made := range []string{h.desk.pages.SealID(job), strings.TrimPrefix(h.at("new-patient", job), "/s/"), "1", at[len("/deliveries/"):len(at)-1] + "-"} {
		b.want(b.get("/deliveries/"+made), http.StatusNotFound)
	}
	b.want(b.get(at), http.StatusOK)
}

func TestDeliveryPages(t *testing.T) {
	h := newHouse(t)
	var want []string
	for range 120 {
		want = append([]string{h.enqueue(store.Job{Channel: store.Notice, Form: "contact", To: "sam@riverside.example"})}, want...)
		h.clock.pass(time.Second)
	}
	b := h.as("sam")
	var got []string
	pages := 0
	for next := "/deliveries"; next != ""; pages++ {
		body := b.want(b.get(next), http.StatusOK).body
		next = ""
		for _, l := range links(body) {
			if strings.HasPrefix(l.to, "/deliveries/") {
				got = append(got, l.to)
			}
			if l.rel == "next" {
				next = l.to
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" || pages != 3 {
		t.Errorf("%d pages, want 3; order and number:\n%s", pages, d)
	}
}

// Staff are told quietly what does not get out: only what is theirs, and only when it is late.
func TestLate(t *testing.T) {
	h := newHouse(t)
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
	want := "2 messages have been waiting to be sent since " + h.desk.moment(h.clock.now().Add(-70*time.Minute-2*totpPeriod*time.Second)).Short + " ."
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
	if got, want := late(dana), "2 messages were given up after five days. They are kept."; got != want {
		t.Errorf("given up: %q", got)
	}
	for i := range lateLook + 1 {
		h.enqueue(store.Job{Channel: store.Notice, Form: "new-patient", To: frontdesk})
		if i == 0 {
			for range 7 {
				h.clock.pass(10 * time.Minute)
				dana.get("/inbox")
			}
		}
	}
	if got := late(dana); got != "201 messages have been waiting to be sent for over an hour, and 2 were given up." {
		t.Errorf("many: %q", got)
	}
}
