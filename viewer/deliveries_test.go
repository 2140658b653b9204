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
func (h *clinic) mailOf(id int64) string {
	h.t.Helper()
	for _, s := range jobStates {
		all, err := h.desk.Store.Jobs(h.t.Context(), store.JobFilter{State: s, Limit: 1000})
		if err != nil {
			h.t.Fatal(err)
		}
		for _, j := range all {
			if j.Submission == id && j.Channel == store.Mail {
				return h.pages.jobAddress(j.ID)
			}
		}
	}
	h.t.Fatal("the submission made no mail")
	return ""
}

// enqueue adds a job and gives its address.
func (h *clinic) enqueue(j store.Job) string {
	h.t.Helper()
	id, err := h.desk.Store.Enqueue(h.t.Context(), j)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.pages.jobAddress(id)
}

// attempted ends one attempt of everything that is due, as the outbox would: "ok", or put off for ten minutes; with last, given up.
func (h *clinic) attempted(code string, last bool) {
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
			err = s.GiveUp(ctx, j.ID, lease, code)
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
	h := newClinic(t)
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
	has(b.want(b.get(at), http.StatusOK).body, "It is on its way", "Nothing yet", "Message-ID", ref)

	h.attempted("bad_certificate", false)
	list = b.want(b.get("/deliveries"), http.StatusOK).body
	has(list, "Your mail server showed a certificate", "The webhook’s server showed a certificate", "tried once", "next try 09:12")
	one := b.want(b.get(at), http.StatusOK).body
	has(one, "so nothing was sent.", "Ask whoever runs the mail server", "It is tried again at 09:12")
	if !strings.Contains(one, `href="`+h.at("new-patient", id)+`"`) {
		t.Error("no link to the submission")
	}

	h.clock.pass(10 * time.Minute)
	h.attempted("permanent_550", true)
	if w := words(b.want(b.get("/deliveries"), http.StatusOK).body); !strings.Contains(w, "Nothing is waiting") || !strings.Contains(w, "Given up 4") {
		t.Errorf("after giving up:\n%s", w)
	}
	has(b.want(b.get("/deliveries?show=given-up"), http.StatusOK).body, "tried twice", "Your mail server refuses this address")
	has(b.want(b.get(at), http.StatusOK).body, "Given up", "Try again now", "refuses this address", "showed a certificate")

	b.want(b.post(at+"/retry"), http.StatusSeeOther)
	h.attempted("ok", false)
	has(b.want(b.get("/deliveries?show=sent"), http.StatusOK).body, "Sent 1", "Sealed mail to "+frontdesk, "1 shown of 1")
	h.clock.pass(againAfter)
	has(b.want(b.get(at), http.StatusOK).body, "Sent.", "Send again")
	b.want(b.get("/deliveries?show=none"), http.StatusNotFound)
	b.want(b.get("/deliveries?before=AAAAAAAAAAAAAAAAAAAAAA"), http.StatusNotFound)
}

// What all rows share is said once.
func TestSharedReason(t *testing.T) {
	h := newClinic(t)
	for range 3 {
		h.send("new-patient", maria)
	}
	h.attempted("no_starttls", false)
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

// Deliveries of a form are for who may open the form; those of none, for everybody who may open some form.
// covers AU01
func TestWhoSeesDeliveries(t *testing.T) {
	h := newClinic(t)
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
	h := newClinic(t)
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
	h := newClinic(t)
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

// Message-IDs stand as other servers' logs have them, or not at all.
func TestMessageIDs(t *testing.T) {
	h := newClinic(t)
	at := h.enqueue(store.Job{Channel: store.Notice, Form: "contact", To: "sam@riverside.example", MessageID: "0123abcd"})
	whole := h.enqueue(store.Job{Channel: store.Mail, Form: "contact", To: "sam@riverside.example", MessageID: "4567@elsewhere.example"})
	hook := h.enqueue(store.Job{Channel: store.Webhook, Form: "contact", To: "crm", MessageID: "89abcdef"})
	b := h.as("sam")
	for from, want := range map[string]string{"": "", "forms@riverside.example": "0123abcd@riverside.example"} {
		h.desk.MailFrom = from
		w := words(b.want(b.get(at), http.StatusOK).body)
		if strings.Contains(w, "0123abcd") != (want != "") || !strings.Contains(w, want) {
			t.Errorf("from %q:\n%s", from, w)
		}
		if w := words(b.get(whole).body); !strings.Contains(w, "Message-ID 4567@elsewhere.example") {
			t.Errorf("a whole one:\n%s", w)
		}
		if w := words(b.get(hook).body); !strings.Contains(w, "Webhook ID 89abcdef ") {
			t.Errorf("a webhook's:\n%s", w)
		}
	}
}

// What to do stands in the list once for each reason.
func TestListSaysWhatToDo(t *testing.T) {
	h := newClinic(t)
	for i, code := range []string{"no_starttls", "timeout", "no_starttls"} {
		h.send("new-patient", maria)
		h.attempted(code, false)
		if i == 1 {
			h.clock.pass(time.Minute) // they are listed by their age, not by their reason
		}
	}
	b := h.as("dana")
	w := words(b.want(b.get("/deliveries"), http.StatusOK).body)
	for said, times := range map[string]int{"offered no encryption": 2, "to turn on TLS.": 1, "took too long": 1, "It may be busy.": 1} {
		if n := strings.Count(w, said); n != times {
			t.Errorf("%q is said %d times, not %d:\n%s", said, n, times, w)
		}
	}
}
