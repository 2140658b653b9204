package viewer

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var maria = [][2]string{
	{"full_name", "Maria Alvarez"},
	{"birth.day", "27"},
	{"birth.month", "3"},
	{"birth.year", "1957"},
	{"email", ""},
	{"medicines", "yes"},
	{"reason", "Knee pain after a fall.\nIt is worse in the evening."},
}

func TestJourneyOut(t *testing.T) {
	h := newClinic(t)
	photo := upload{"card.jpg", "image/jpeg", []byte("\xff\xd8\xff\xe0 a photo " + strings.Repeat("x", 300_000))}
	id, ref := h.send("new-patient", maria, photo)
	b := h.browser()

	if a := b.want(b.get("/"), http.StatusSeeOther); a.to() != "/inbox" {
		t.Error("the root leads to", a.to())
	}
	if a := b.want(b.get("/inbox"), http.StatusSeeOther); a.to() != "/sign-in" {
		t.Error("a stranger is led to", a.to())
	}
	b.signIn("dana")
	inbox := b.want(b.get("/inbox"), http.StatusOK).body
	if w := words(inbox); !strings.Contains(w, ref) || !strings.Contains(w, "Locked.") || strings.Contains(inbox, "Maria") {
		t.Errorf("the locked inbox:\n%s", w)
	}
	at := h.at("new-patient", id)
	if a := b.want(b.get(at), http.StatusSeeOther); !strings.HasPrefix(a.to(), "/unlock?next=%2Fs%2F") {
		t.Error("a locked submission leads to", a.to())
	}
	b.unlock("dana")
	page := b.want(b.get(at), http.StatusOK)
	for _, want := range []string{"Maria Alvarez", "27 March 1957", "Knee pain after a fall.", "Medical history", "Not provided", "card.jpg", "293 KB", "Yes", ref, "Dana", "Locks in 10:00"} {
		if !strings.Contains(words(page.body), want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if got := page.Header.Get("Refresh"); got != "602; url=/inbox" {
		t.Errorf("Refresh: %q", got)
	}
	got := b.want(b.get(at+"/files/0"), http.StatusOK)
	if got.body != string(photo.body) {
		t.Error("the file came back different")
	}
	b.want(b.get(at+"/files/1"), http.StatusNotFound)
	b.want(b.post(at+"/state", "to", "done"), http.StatusSeeOther)
	if w := words(b.get("/inbox").body); !strings.Contains(w, "Done") {
		t.Errorf("not done:\n%s", w)
	}
	b.want(b.get(at+"/erase"), http.StatusOK)
	b.want(b.post(at+"/erase"), http.StatusSeeOther)
	if w := words(b.want(b.get(at), http.StatusGone).body); !strings.Contains(w, ref) {
		t.Errorf("the tombstone's page:\n%s", w)
	}
	report, err := h.desk.Store.VerifyAudit(t.Context())
	if err != nil || len(report.Findings) > 0 {
		t.Errorf("audit: %v %v", err, report.Findings)
	}
}

// covers LK10
func TestEveryReadingIsOnRecord(t *testing.T) {
	h := newClinic(t)
	id, ref := h.send("new-patient", maria, upload{"card.jpg", "image/jpeg", []byte("\xff\xd8\xff photo")})
	b := h.reader("dana")
	before := len(h.acts())
	at := h.at("new-patient", id)
	b.want(b.get(at), http.StatusOK)
	b.want(b.get(at+"/files/0"), http.StatusOK)
	b.want(b.post(at+"/state", "to", "spam"), http.StatusSeeOther)
	b.want(b.post("/lock"), http.StatusSeeOther)
	b.want(b.post(at+"/erase"), http.StatusSeeOther)
	b.want(b.post("/sign-out"), http.StatusSeeOther)
	about := ` ["` + ref + `"]`
	want := []string{"opened" + about, "file-saved" + about, "state-changed" + about, "locked null", "erased" + about, "signed-out null"}
	if d := cmp.Diff(want, h.acts()[before:]); d != "" {
		t.Error(d)
	}
	for _, a := range h.acts() {
		if strings.Contains(a, "Maria") || strings.Contains(a, "card.jpg") {
			t.Error("the record holds what a visitor typed:", a)
		}
	}
}

// No entry, no plaintext: with the record unwritable nothing is shown.
// covers LK10
func TestNoRecordNoReading(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria, upload{"card.jpg", "image/jpeg", []byte("\xff\xd8\xff photo")})
	b := h.reader("dana")
	at := h.at("new-patient", id)
	h.beside(`create trigger no_record before insert on audit begin select raise(abort, 'disk full'); end`)
	for _, path := range []string{at, at + "/files/0"} {
		a := b.want(b.get(path), http.StatusServiceUnavailable)
		if strings.Contains(a.body, "Maria") || strings.Contains(a.body, "photo") && !strings.Contains(a.body, "Not shown") {
			t.Errorf("%s shows answers without a record", path)
		}
	}
	h.beside(`drop trigger no_record`)
	b.want(b.get(at), http.StatusOK)
}

func TestInboxPages(t *testing.T) {
	h := newClinic(t)
	var want []string
	for range 120 {
		_, ref := h.contact("hello")
		want = append([]string{ref}, want...)
		h.clock.pass(time.Minute)
	}
	b := h.as("sam")
	var got []string
	pages := 0
	for next := "/inbox"; next != ""; pages++ {
		body := b.want(b.get(next), http.StatusOK).body
		next = ""
		for _, l := range links(body) {
			if strings.HasPrefix(l.to, "/s/") {
				got = append(got, l.text)
			}
			if l.rel == "next" {
				next = l.to
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" || pages != 3 {
		t.Errorf("%d pages, want 3; order and number:\n%s", pages, d)
	}
	b.want(b.get("/inbox?before=AAAAAAAAAAAAAAAAAAAAAA"), http.StatusNotFound)
}
