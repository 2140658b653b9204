package viewer

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"sealform/internal/staff"
)

// fill gives a route's address for a submission of new-patient and the mail that it made.
func (h *clinic) fill(r route, id int64) string {
	h.t.Helper()
	return strings.NewReplacer(
		"/s/:sid", h.at("new-patient", id), "/files/:n", "/files/0", "/deliveries/:job", h.mailOf(id), ":name", "crm",
		"/go/:id", h.desk.paths.Go("new-patient", id),
	).Replace(r.path)
}

// Every unsafe route refuses what another origin sends, and what carries our cookie but does not say from where, and
// changes nothing.
// covers WB06
func TestForeignPostsAreRefused(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria)
	b := h.reader("dana")
	states := `select (select count(*) from submission where state = 0) * 1000 + (select count(*) from outbox)`
	unsafe := 0
	for _, r := range h.pages.routes() {
		if safe(r.method) {
			continue
		}
		unsafe++
		for name, dress := range map[string]func(*http.Request){
			"no header":            func(*http.Request) {},
			"cross-site":           func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
			"same-site sibling":    func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
			"other origin":         func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
			"null origin":          func(r *http.Request) { r.Header.Set("Origin", "null") },
			"lying about the host": func(r *http.Request) { r.Header.Set("Origin", "https://127.0.0.1.evil.example") },
		} {
			b.dress = dress
			sessions, acts, kept := h.count(`select count(*) from session`), len(h.acts()), h.count(states)
			session := b.cookie(staff.SessionCookie)
			a := b.do(r.method, h.fill(r, id), url.Values{"to": {"done"}, "password": {keyPassword}, "email": {email}})
			if a.StatusCode != http.StatusForbidden || len(a.Cookies()) > 0 {
				t.Errorf("%s %s, %s: %d", r.method, r.path, name, a.StatusCode)
			}
			if !strings.Contains(a.body, "Origin") {
				t.Errorf("%s: the page does not say what a script must send", r.path)
			}
			if h.count(`select count(*) from session`) != sessions || len(h.acts()) != acts || h.count(states) != kept || b.cookie(staff.SessionCookie) != session {
				t.Errorf("%s %s, %s: something changed", r.method, r.path, name)
			}
		}
	}
	if h.nudges.Load() != 0 {
		t.Error("a delivery was hurried")
	}
	if unsafe < 9 {
		t.Errorf("only %d unsafe routes were tried", unsafe)
	}
	b.dress = func(r *http.Request) { r.Header.Set("Origin", h.server.URL) } // what an old browser, or a script, sends
	b.want(b.get(h.at("new-patient", id)), http.StatusOK)
	b.want(b.post("/lock"), http.StatusSeeOther)
	bare := h.browser() // nobody's cookie, nothing to misuse: a script may sign in
	bare.dress = func(*http.Request) {}
	bare.want(bare.post("/sign-in", "email", email, "password", accountPassword), http.StatusSeeOther)
}

// No GET changes anything but what is put on record of a reading.
// covers WB06
func TestGetsChangeNothing(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria, upload{"card.jpg", "image/jpeg", []byte("\xff\xd8\xff photo")})
	b := h.reader("dana")
	before := h.count(`select count(*) from session`)*1000 + h.count(`select count(*) from submission where state = 0`)
	session := b.cookie(staff.SessionCookie)
	for _, r := range h.pages.routes() {
		if r.method == http.MethodGet {
			if a := b.get(h.fill(r, id)); len(a.Cookies()) > 0 || a.StatusCode >= 400 {
				t.Errorf("GET %s: %d, sets %v", r.path, a.StatusCode, a.Cookies())
			}
		}
	}
	if h.count(`select count(*) from session`)*1000+h.count(`select count(*) from submission where state = 0`) != before || b.cookie(staff.SessionCookie) != session {
		t.Error("a GET changed something")
	}
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch, "TRACE"} {
		if a := b.do(method, h.at("new-patient", id), nil); a.StatusCode < 400 || strings.Contains(a.body, "Maria") {
			t.Errorf("%s of a submission: %d", method, a.StatusCode)
		}
	}
}

// Reading happens only because the person asked.
func TestNoReadingForOthers(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria, upload{"card.jpg", "image/jpeg", []byte("\xff\xd8\xff photo")})
	b := h.reader("dana")
	acts := len(h.acts())
	for _, r := range h.pages.routes() {
		if !r.reads {
			continue
		}
		for _, x := range [][2]string{
			{"Sec-Purpose", "prefetch"},
			{"Sec-Purpose", "prefetch;prerender"},
			{"Purpose", "prefetch"},
			{"X-Moz", "prefetch"},
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
		} {
			b.dress = func(r *http.Request) { r.Header.Set(x[0], x[1]) }
			at := h.fill(r, id)
			a := b.want(b.get(at), http.StatusForbidden)
			if strings.Contains(a.body, "Maria") || strings.Contains(a.body, "photo\n") {
				t.Errorf("%s with %s: %s shows answers", at, x[0], x[1])
			}
			if x[0] == "Sec-Fetch-Site" && !strings.Contains(a.body, `href="`+at+`"`) {
				t.Errorf("%s: no link to open it oneself", at)
			}
		}
	}
	if got := len(h.acts()); got != acts {
		t.Errorf("%d entries of readings that did not happen", got-acts)
	}
	b.dress = func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") } // typed, or from a mail program
	b.want(b.get(h.at("new-patient", id)), http.StatusOK)
}

// covers WB03, WB08, WB20, LK09
func TestHeadersEverywhere(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria, upload{"card.jpg", "image/jpeg", []byte("\xff\xd8\xff photo")})
	b := h.reader("dana")
	paths := []string{"/no-such-page", "/s/unknown", "/assets/none.css", "/livez", h.pages.brand.Address}
	for _, r := range h.pages.routes() {
		paths = append(paths, h.fill(r, id))
	}
	paths = append(paths, assets(b.get("/inbox").body)...)
	if len(paths) < 20 {
		t.Fatalf("only %d addresses", len(paths))
	}
	for _, p := range paths {
		a := b.get(p)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Server": "",
			"X-Robots-Tag": "noindex, nofollow, noarchive", "Access-Control-Allow-Origin": "",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q, want %q", p, name, got, want)
			}
		}
		if !strings.HasPrefix(a.Header.Get("Strict-Transport-Security"), "max-age=") || a.Header.Get("Permissions-Policy") == "" {
			t.Errorf("%s: no HSTS or permissions policy", p)
		}
		policy := "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; " +
			"frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
		if strings.Contains(p, "/files/") {
			policy = "sandbox; default-src 'none'"
		}
		if got := a.Header.Get("Content-Security-Policy"); got != policy {
			t.Errorf("%s: policy %q", p, got)
		}
		if kind := a.Header.Get("Content-Type"); len(a.body) > 0 && kind != "application/octet-stream" && !strings.Contains(kind, "; charset=utf-8") {
			t.Errorf("%s: type %q", p, kind)
		}
		kept := strings.HasPrefix(p, "/assets/") && a.StatusCode == http.StatusOK || strings.HasPrefix(p, "/brand")
		if got := a.Header.Get("Cache-Control"); !kept && got != "no-store" {
			t.Errorf("%s: Cache-Control %q", p, got)
		}
	}
}

// assets are the sheets, scripts and pictures of a page.
func assets(page string) []string {
	var all []string
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		t := z.Token()
		for _, a := range t.Attr {
			if t.Data != "a" && (a.Key == "src" || a.Key == "href") && strings.HasPrefix(a.Val, "/") {
				all = append(all, a.Val)
			}
		}
	}
	return all
}
