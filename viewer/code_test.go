package viewer

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// covers AU09
func TestCodeWorksOnce(t *testing.T) {
	h := newClinic(t)
	var all []*browser
	for range 4 {
		b := h.browser()
		b.want(b.post("/sign-in", "email", email, "password", accountPassword), http.StatusSeeOther)
		all = append(all, b)
	}
	code := h.code(email, 0)
	var in atomic.Int32
	var wg sync.WaitGroup
	for _, b := range all {
		wg.Go(func() {
			if a := b.post("/sign-in/code", "code", code); a.StatusCode == http.StatusSeeOther {
				in.Add(1)
			}
		})
	}
	wg.Wait()
	if in.Load() != 1 {
		t.Errorf("one code signed in %d browsers", in.Load())
	}
}

// covers AU09
func TestCodeWindow(t *testing.T) {
	for step, want := range map[int]int{-2: 401, -1: 303, 0: 303, 1: 303, 2: 401} {
		h := newClinic(t)
		b := h.browser()
		b.want(b.post("/sign-in", "email", email, "password", accountPassword), http.StatusSeeOther)
		if a := b.post("/sign-in/code", "code", h.code(email, step)); a.StatusCode != want {
			t.Errorf("a code %d steps away: %d, want %d", step, a.StatusCode, want)
		}
	}
	h := newClinic(t) // a code older than one used is not taken
	h.as("dana")
	b := h.browser()
	b.want(b.post("/sign-in", "email", email, "password", accountPassword), http.StatusSeeOther)
	b.want(b.post("/sign-in/code", "code", h.code(email, -1)), http.StatusUnauthorized)
	b.want(b.post("/sign-in/code", "code", "12 34"), http.StatusUnauthorized)
}

// covers AU09
func TestFiveCodes(t *testing.T) {
	h := newClinic(t, many)
	b := h.browser()
	b.want(b.post("/sign-in", "email", email, "password", accountPassword), http.StatusSeeOther)
	for range 5 {
		a := b.post("/sign-in/code", "code", "000000")
		b.want(a, http.StatusUnauthorized)
		h.clock.pass(10 * time.Second)
	}
	if a := b.post("/sign-in/code", "code", h.code(email, 0)); a.StatusCode == http.StatusSeeOther && a.to() == "/inbox" {
		t.Error("a sixth code was taken")
	}
	if a := h.browser().post("/sign-in", "email", email, "password", accountPassword); a.StatusCode != http.StatusTooManyRequests {
		t.Errorf("wrong codes do not slow the password down: %d", a.StatusCode)
	}
	if n := h.count(`select failures from account where email = ?`, email); n != 5 {
		t.Errorf("%d failures stand, want 5", n)
	}
	// The right password does not clear what codes ran up.
	h.clock.pass(time.Hour)
	c := h.browser()
	c.want(c.post("/sign-in", "email", email, "password", accountPassword), http.StatusSeeOther)
	if n := h.count(`select failures from account where email = ?`, email); n != 5 {
		t.Errorf("the password alone cleared failures: %d", n)
	}
}

// covers AU09
func TestTOTPSecretIsSealed(t *testing.T) {
	h := newClinic(t)
	if n := h.count(`select count(*) from account where instr(cast(totp as text), ?) > 0`, h.secrets[email]); n != 0 {
		t.Error("the secret is readable in the database")
	}
	h.tamper(`update account set totp = (select totp from account where email = 'sam@riverside.example') where email = ?`, email)
	b := h.browser()
	b.want(b.post("/sign-in", "email", email, "password", accountPassword), http.StatusUnauthorized) // the record knows its row
}
