package viewer

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/staff"
)

// What "/go/…" answers depends on the address alone: not on cookies, nor on who leads there, nor on what is kept.
// covers WB06, WB10, AU01
func TestGoTellsNothing(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria)
	b, stranger := h.reader("dana"), h.browser()
	to := h.at("new-patient", id)
	from := "/go/" + strings.TrimPrefix(to, "/s/")
	if got := h.desk.paths.Go("new-patient", id); got != from {
		t.Fatalf("links lead to %s, want %s", got, from)
	}
	dresses := []func(*http.Request){
		func(*http.Request) {},
		func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		func(r *http.Request) { r.Header.Set("Referer", "https://webmail.example/") },
		func(r *http.Request) {
			r.Header.Set("Cookie", staff.SessionCookie+"=x; "+staff.KeyCookie+"=y; "+staff.SessionCookie+"=z")
		},
		func(r *http.Request) { r.Header.Set("Sec-Purpose", "prefetch") },
	}
	for path, want := range map[string]string{
		from: to, h.desk.paths.Go("contact", 5): h.at("contact", 5), // never kept
		"/go/inbox": "/inbox", "/go/AAAAAAAAAAAAAAAAAAAAAA": "/inbox", "/go/" + h.desk.pages.SealID(id): "/inbox",
		"/go/%2f%2fevil.example": "/inbox", "/go/https:evil.example": "/inbox",
	} {
		var first string
		for i, dress := range dresses {
			for _, who := range []*browser{b, stranger} {
				who.dress = dress
				a := who.want(who.get(path), http.StatusOK)
				if got := a.Header.Get("Refresh"); got != "0; url="+want {
					t.Errorf("%s: Refresh %q, want %s", path, got, want)
				}
				if first == "" {
					first = a.body
				}
				if d := cmp.Diff(first, a.body); d != "" || len(a.Cookies()) > 0 || a.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s, dress %d: another answer:\n%s", path, i, d)
				}
			}
		}
		found := false
		for _, l := range links(first) {
			found = found || l.to == want
		}
		if !found {
			t.Errorf("%s: no link for browsers that do not refresh", path)
		}
	}
	if w := b.want(b.get("/go"), http.StatusNotFound); w.Header.Get("Refresh") != "" {
		t.Error("/go leads somewhere")
	}
}

// The same with no cookie reader at all: a request whose Cookie header is taken away before gets the same bytes.
// covers WB06
func TestGoReadsNoCookie(t *testing.T) {
	h := newClinic(t)
	b := h.reader("dana")
	answer := func(with bool) string {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+h.desk.Hosts[0]+"/go/inbox", nil)
		if with {
			for _, name := range []string{staff.SessionCookie, staff.KeyCookie} {
				r.AddCookie(&http.Cookie{Name: name, Value: b.cookie(name)})
			}
		}
		w := httptest.NewRecorder()
		(*h.inner.Load()).ServeHTTP(w, r)
		return w.Result().Status + w.Body.String()
	}
	seen := h.count(`select max(seen) from session`)
	h.clock.pass(2 * time.Minute)
	if with, without := answer(true), answer(false); with != without {
		t.Errorf("with cookies:\n%s\nwithout:\n%s", with, without)
	}
	if h.count(`select max(seen) from session`) != seen {
		t.Error("the session was used")
	}
}
