package viewer

import (
	"net/http"
	"strings"
	"testing"

	"sealform/internal/staff"
	"sealform/keys"
)

// covers WB02, IN11
func TestFilesAreOnlyEverSaved(t *testing.T) {
	h := newClinic(t)
	names := []string{"evil.html.pdf", "../../etc/passwd.pdf", "a\"; filename=\"b.exe; x.pdf", "\u202efdp.exe.pdf", "Zeugnis für Ümit.pdf", "a%22b%0d%0a.pdf"}
	for _, name := range names {
		id, _ := h.send("new-patient", maria, upload{name, "application/pdf", []byte("%PDF-1.4 <script>alert(1)</script>")})
		b := h.reader("dana")
		a := b.want(b.get(h.at("new-patient", id)+"/files/0"), http.StatusOK)
		if got := a.Header.Get("Content-Type"); got != "application/octet-stream" {
			t.Errorf("%q: type %s", name, got)
		}
		d := a.Header.Get("Content-Disposition")
		if !strings.HasPrefix(d, `attachment; filename="`) || strings.Count(d, `"`) != 2 || strings.Count(d, ";") < 2 || strings.ContainsAny(d, "/\\\r\n\u202e") {
			t.Errorf("%q: disposition %s", name, d)
		}
		if !strings.Contains(d, "filename*=UTF-8''") {
			t.Errorf("%q: no extended name in %s", name, d)
		}
	}
}

// covers WB10
func TestNextLeadsOnlyHere(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria)
	at := h.at("new-patient", id)
	for _, next := range []string{at, at + "/files/0", at + "/erase", "/inbox?form=contact", "/inbox?before=abc_DEF-9&form=x"} {
		if safeNext(next) != next {
			t.Errorf("%q is not taken", next)
		}
	}
	for _, next := range []string{
		"", "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "javascript:alert(1)",
		"https:evil.example", "/inbox/../..//evil.example", "/inbox\r\nSet-Cookie: a=b", "/inbox#x", "/s/../../x", "/s/x@evil.example",
		"/inbox?next=//evil.example", "/inbox?x=%0d%0a", "http://127.0.0.1", "/sign-out", "/lock", " /inbox", "/inbox ", "/inbox\n", "/ınbox", "/%2f/evil.example",
		"//google.com/%2f..", "////evil.example", "/.evil.example", "/s/", "/s/a/b", strings.Repeat("/inbox", 999), "/s/" + strings.Repeat("a", 65),
	} {
		if got := safeNext(next); got != "/inbox" {
			t.Errorf("%q leads to %q", next, got)
		}
	}
	b := h.browser()
	b.want(b.post("/sign-in", "email", email, "password", accountPassword, "next", "//evil.example"), http.StatusSeeOther)
	if a := b.post("/sign-in/code", "code", h.code(email, 0), "next", "https://evil.example/"); a.to() != "/inbox" {
		t.Error("signing in leads to", a.to())
	}
	if a := b.post("/unlock", "key", string(h.locked["dana"].Fingerprint()), "password", keyPassword, "next", at); a.to() != at {
		t.Error("unlocking leads to", a.to())
	}
}

func TestOtherNamesAndPlainHTTP(t *testing.T) {
	h := newClinic(t)
	b := h.browser()
	b.dress = func(r *http.Request) { r.Host = "evil.example" }
	b.want(b.get("/sign-in"), http.StatusMisdirectedRequest)
	b.want(b.get("/livez"), http.StatusOK)
	plain := (*h.inner.Load())
	w := request(t, plain, http.MethodPost, "/sign-in", h.desk.Hosts[0], "email=a&password=b")
	if w.Code != http.StatusForbidden || h.hashes.Load() != 0 {
		t.Errorf("a sign-in without TLS: %d", w.Code)
	}
	if w := request(t, plain, http.MethodGet, "/inbox", h.desk.Hosts[0], ""); w.Code != http.StatusMovedPermanently {
		t.Errorf("a page without TLS: %d", w.Code)
	}
}

// A panic is a page with an id; the log has function names and no value.
// covers LK02
func TestPanicIsAPage(t *testing.T) {
	h := newClinic(t, func(c *staff.Config) {
		c.Compare = func(keys.Password, string) (bool, error) { panic("calling it panics") }
	})
	b := h.browser()
	a := b.want(b.post("/sign-in", "email", "canary@riverside.example", "password", "canary-password"), http.StatusInternalServerError)
	if !strings.Contains(words(a.body), "Something went wrong") {
		t.Errorf("the page:\n%s", words(a.body))
	}
	if l := h.log.String(); !strings.Contains(l, "panicked") || strings.Contains(l, "canary") {
		t.Errorf("the log:\n%s", l)
	}
	b.want(b.get("/sign-in"), http.StatusOK)
}

func TestBodies(t *testing.T) {
	h := newClinic(t)
	b := h.browser()
	for body, want := range map[string]int{
		"email=%zz&password=x":  http.StatusBadRequest,
		"email=a%4&password=x":  http.StatusBadRequest,
		"email=a%40b&password=": http.StatusUnauthorized,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+"/sign-in", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for kind, status := range map[string]int{"text/plain": http.StatusUnsupportedMediaType, "application/x-www-form-urlencoded; charset=utf-8": want} {
			r = r.Clone(t.Context())
			r.Body = http.NoBody
			r, err = http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+"/sign-in", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", kind)
			res, err := b.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != status {
				t.Errorf("%q as %s: %d, want %d", body, kind, res.StatusCode, status)
			}
		}
	}
}
