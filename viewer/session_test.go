package viewer

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sealform/internal/audit"
	"sealform/internal/staff"
)

// A session id that was seen before a step up, or down, is worth nothing after it.
// covers AU03
func TestSessionIDChanges(t *testing.T) {
	h := newClinic(t)
	id, _ := h.contact("hello")
	b := h.browser()
	b.hold(staff.SessionCookie, "c29tZWJvZHkgZWxzZSBjaG9zZSB0aGlzIHNlc3Npb24") // planted
	email := "dana@riverside.example"
	var seen []string
	step := func(do func()) {
		t.Helper()
		do()
		now := b.cookie(staff.SessionCookie)
		for _, old := range seen {
			if now == old {
				t.Fatal("a session id outlived a step")
			}
			other := h.browser()
			other.hold(staff.SessionCookie, old)
			other.hold(staff.KeyCookie, b.cookie(staff.KeyCookie))
			for _, path := range []string{"/inbox", h.at("contact", id), "/unlock", "/sign-in/code"} {
				if a := other.get(path); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.to(), "/sign-in") {
					t.Fatalf("an old session id gets %d at %s", a.StatusCode, path)
				}
			}
		}
		seen = append(seen, now)
	}
	step(func() { b.want(b.get("/sign-in"), http.StatusOK) })
	step(func() {
		b.want(b.post("/sign-in", "email", email, "password", accountPassword), http.StatusSeeOther)
	})
	step(func() { b.want(b.post("/sign-in/code", "code", h.code(email, 0)), http.StatusSeeOther) })
	step(func() { b.unlock("dana") })
	step(func() { b.want(b.post("/lock"), http.StatusSeeOther) })
	step(func() { b.unlock("dana") })
	step(func() { b.want(b.post("/sign-out"), http.StatusSeeOther) })
	if b.cookie(staff.SessionCookie) != "" || b.cookie(staff.KeyCookie) != "" {
		t.Error("cookies stay after signing out")
	}
}

// Signing in again ends what the browser had before.
// covers AU03
func TestSigningInAgain(t *testing.T) {
	h := newClinic(t)
	b := h.reader("dana")
	who, err := h.desk.Sessions.Identify(t.Context(), b.request(), netip.Addr{}, staff.SignedIn)
	if err != nil {
		t.Fatal(err)
	}
	old := b.cookie(staff.SessionCookie)
	b.signIn("sam")
	if !h.desk.Vault.Until(who.SessionID()).IsZero() {
		t.Error("the key of the session before is still unlocked")
	}
	b.hold(staff.SessionCookie, old)
	if a := b.get("/inbox"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the session before gets %d", a.StatusCode)
	}
}

// The password alone opens nothing.
func TestHalfSignedIn(t *testing.T) {
	h := newClinic(t)
	id, _ := h.contact("hello")
	b := h.browser()
	b.want(b.post("/sign-in", "email", "dana@riverside.example", "password", accountPassword), http.StatusSeeOther)
	for _, path := range []string{"/inbox", "/unlock", h.at("contact", id)} {
		if a := b.get(path); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.to(), "/sign-in/code") {
			t.Errorf("%s: %d after the password alone", path, a.StatusCode)
		}
	}
	for _, path := range []string{"/lock", "/stay", "/unlock", h.at("contact", id) + "/erase"} {
		if a := b.post(path); a.to() != "/sign-in/code" {
			t.Errorf("POST %s: %d after the password alone", path, a.StatusCode)
		}
	}
	b.want(b.post("/sign-in/code", "code", h.code("dana@riverside.example", 0)), http.StatusSeeOther)
	if a := b.get("/sign-in/code"); a.to() != "/inbox" { // Back, after signing in
		t.Error("the code page leads a signed-in person to", a.to())
	}
	b.want(b.get("/inbox"), http.StatusOK)
	c := h.browser()
	c.want(c.post("/sign-in", "email", "sam@riverside.example", "password", accountPassword), http.StatusSeeOther)
	half := c.cookie(staff.SessionCookie)
	c.want(c.post("/sign-out"), http.StatusSeeOther)
	c.hold(staff.SessionCookie, half)
	if a := c.get("/sign-in/code"); !strings.HasPrefix(a.to(), "/sign-in") || strings.HasPrefix(a.to(), "/sign-in/code") {
		t.Error("half a sign-in outlives signing out")
	}
}

// covers AU04
func TestSessionEnds(t *testing.T) {
	entry := audit.Entry{Who: audit.Operator, Act: audit.ActAccountDisabled}
	for name, end := range map[string]func(*clinic, *browser){
		"idle for 15 minutes": func(h *clinic, _ *browser) { h.clock.pass(staff.SessionIdle) },
		"12 hours old": func(h *clinic, b *browser) {
			for range 72 {
				h.clock.pass(10 * time.Minute)
				b.get("/inbox")
			}
		},
		"disabled": func(h *clinic, _ *browser) {
			if err := h.desk.Store.SetDisabled(h.t.Context(), h.accounts["dana"], true, entry); err != nil {
				h.t.Fatal(err)
			}
		},
		"disabled without its sessions dropped": func(h *clinic, _ *browser) {
			h.tamper(`update account set disabled = 1 where id = ?`, h.accounts["dana"])
		},
		"credentials reset": func(h *clinic, _ *browser) {
			a, err := h.desk.Store.AccountByID(h.t.Context(), h.accounts["dana"])
			if err == nil {
				err = h.desk.Store.SetCredentials(h.t.Context(), a.ID, a.Password, a.TOTP, entry)
			}
			if err != nil {
				h.t.Fatal(err)
			}
		},
		"signed out elsewhere": func(_ *clinic, b *browser) {
			session, half := b.cookie(staff.SessionCookie), b.cookie(staff.KeyCookie)
			b.post("/sign-out")
			b.hold(staff.SessionCookie, session)
			b.hold(staff.KeyCookie, half)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newClinic(t)
			id, _ := h.contact("the answer")
			b := h.reader("dana")
			b.want(b.get(h.at("contact", id)), http.StatusOK)
			who, err := h.desk.Sessions.Identify(t.Context(), b.request(), netip.Addr{}, staff.SignedIn)
			if err != nil {
				t.Fatal(err)
			}
			end(h, b)
			a := b.get(h.at("contact", id))
			if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.to(), "/sign-in") || strings.Contains(a.body, "answer") {
				t.Errorf("the next request gets %d %s", a.StatusCode, a.to())
			}
			if !h.desk.Vault.Until(who.SessionID()).IsZero() {
				t.Error("the key is still unlocked")
			}
		})
	}
}

// Use keeps a session, though it is written down once a minute at most.
func TestSessionStaysWhileUsed(t *testing.T) {
	h := newClinic(t)
	b := h.as("dana")
	for range 20 {
		h.clock.pass(13 * time.Minute)
		b.want(b.get("/inbox"), http.StatusOK)
	}
}

// A download that runs when its person signs out, or is locked out, is cut.
// covers AU04
func TestDownloadEndsWithTheSession(t *testing.T) {
	h := newClinic(t)
	b := h.reader("dana")
	who, err := h.desk.Sessions.Identify(t.Context(), b.request(), netip.Addr{}, staff.SignedIn)
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{desk: h.desk, who: who, to: &strings.Builder{}, used: h.desk.Now()}
	if _, err := w.Write([]byte("first")); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		h.clock.pass(4 * time.Minute) // a download is use: it moves the end
		if _, err := w.Write([]byte("more")); err != nil {
			t.Fatal("a long download was cut:", err)
		}
	}
	h.desk.Vault.LockPerson(who.PersonID())
	if _, err := w.Write([]byte("second")); err == nil {
		t.Error("bytes went out after the key was locked")
	}
}

// covers CR12, CR13
func TestLockAndIdleLock(t *testing.T) {
	h := newClinic(t)
	id, _ := h.contact("the answer")
	at := h.at("contact", id)
	b := h.reader("dana")
	locked := func(when string) {
		t.Helper()
		a := b.get(at)
		if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.to(), "/unlock?next=") || strings.Contains(a.body, "answer") {
			t.Errorf("%s: %d %s", when, a.StatusCode, a.to())
		}
	}
	h.clock.pass(9 * time.Minute)
	b.want(b.get(at), http.StatusOK) // moves the end
	h.clock.pass(9 * time.Minute)
	if a := b.want(b.post("/stay", "next", at), http.StatusSeeOther); a.to() != at {
		t.Error("stay leads to", a.to())
	}
	h.clock.pass(9 * time.Minute)
	b.want(b.get("/inbox"), http.StatusOK) // does not
	h.clock.pass(time.Minute)
	locked("after 10 minutes")
	if a := b.post("/stay", "next", at); a.to() != "/unlock" {
		t.Error("stay on a locked key leads to", a.to())
	}
	b.unlock("dana")
	b.want(b.get(at), http.StatusOK)
	half := b.cookie(staff.KeyCookie)
	b.want(b.post("/lock"), http.StatusSeeOther)
	locked("after Lock")
	b.hold(staff.KeyCookie, half)
	locked("with the half of before")
	b.unlock("dana")
	mine := b.cookie(staff.KeyCookie)
	b.hold(staff.KeyCookie, half)
	locked("with another half")
	b.hold(staff.KeyCookie, mine)
	h.close()
	h.open()
	b2 := h.browser()
	b2.hold(staff.SessionCookie, b.cookie(staff.SessionCookie))
	b2.hold(staff.KeyCookie, mine)
	b = b2
	locked("after a restart")
}

// Another person's half, or one's own in another session, opens nothing.
// covers CR12
func TestHalvesAreBound(t *testing.T) {
	h := newClinic(t)
	id, _ := h.contact("the answer")
	dana, sam := h.reader("dana"), h.reader("sam")
	sam.hold(staff.KeyCookie, dana.cookie(staff.KeyCookie))
	if a := sam.get(h.at("contact", id)); a.StatusCode != http.StatusSeeOther {
		t.Errorf("another person's half: %d", a.StatusCode)
	}
	again := h.as("dana")
	again.hold(staff.KeyCookie, dana.cookie(staff.KeyCookie))
	if a := again.get(h.at("contact", id)); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the half of another session: %d", a.StatusCode)
	}
}

// The database holds nothing that a cookie could be made of.
func TestStoreHoldsHashesOnly(t *testing.T) {
	h := newClinic(t)
	b := h.reader("dana")
	for _, cookie := range []string{staff.SessionCookie, staff.KeyCookie, staff.DeviceCookie} {
		value := b.cookie(cookie)
		if value == "" {
			t.Fatalf("no %s", cookie)
		}
		if n := h.count(`select count(*) from session where hash = ? or hash = cast(? as blob)`, value, value); n != 0 {
			t.Errorf("%s is in the database", cookie)
		}
	}
	if strings.Contains(h.log.String(), b.cookie(staff.SessionCookie)) || strings.Contains(h.log.String(), accountPassword) {
		t.Error("the log holds a secret")
	}
}
