package viewer

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sealform/internal/staff"
	"sealform/keys"
)

// covers AU07
func TestKeyPasswordGuessing(t *testing.T) {
	h := newClinic(t)
	b := h.as("dana")
	wrong := func() *response {
		return b.post("/unlock", "key", string(h.locked["dana"].Fingerprint()), "password", "wrong")
	}
	for range 5 {
		b.want(wrong(), http.StatusUnauthorized)
	}
	a := b.want(b.post("/unlock", "key", string(h.locked["dana"].Fingerprint()), "password", keyPassword), http.StatusTooManyRequests)
	if a.Header.Get("Retry-After") != "31" || !strings.Contains(words(a.body), "Wait 30 seconds") {
		t.Errorf("the sixth try: Retry-After %s\n%s", a.Header.Get("Retry-After"), words(a.body))
	}
	h.close()
	h.open() // the count survives a restart
	c := h.browser()
	c.hold(staff.SessionCookie, b.cookie(staff.SessionCookie))
	b = c
	b.want(wrong(), http.StatusTooManyRequests)
	for wait := 30 * time.Second; wait <= 8*time.Minute; wait *= 2 {
		h.clock.pass(wait)
		b.want(b.get("/inbox"), http.StatusOK)
		b.want(wrong(), http.StatusUnauthorized)
		b.want(wrong(), http.StatusTooManyRequests)
	}
	if !strings.Contains(h.log.String(), "many_wrong_key_passwords") {
		t.Error("ten wrong key passwords raised no alarm")
	}
	if unlockGrowth.After(40) != time.Hour {
		t.Errorf("the longest wait is %v", unlockGrowth.After(40))
	}
	for range 4 {
		h.clock.pass(14 * time.Minute)
		b.want(b.get("/inbox"), http.StatusOK)
	}
	h.clock.pass(10 * time.Minute)
	b.unlock("dana")
	b.want(wrong(), http.StatusUnauthorized) // the count began anew
}

// Only a signed-in person may try a key, and only their own.
// covers AU07, AU08
func TestOnlyOwnKeys(t *testing.T) {
	h := newClinic(t)
	if a := h.browser().post("/unlock", "key", string(h.locked["dana"].Fingerprint()), "password", keyPassword); a.to() != "/sign-in" {
		t.Errorf("a stranger at unlock: %d %s", a.StatusCode, a.to())
	}
	sam := h.as("sam")
	who, err := h.desk.Sessions.Identify(t.Context(), sam.request(), netip.Addr{}, staff.SignedIn)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.desk.Unlock(t.Context(), who, h.locked["dana"].Fingerprint(), keys.NewPassword([]byte(keyPassword))); err == nil {
		t.Error("another person's key was unlocked")
	}
}

// A flood of sign-ins runs two hashes at a time and keeps few waiting; the rest are asked to come back.
// covers AU08
func TestFlood(t *testing.T) {
	const atOnce, waiting = 2, 8
	var running, most atomic.Int32
	hold := make(chan struct{})
	h := newClinic(t, many, func(c *staff.Config) {
		c.Compare = func(keys.Password, string) (bool, error) {
			n := running.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			<-hold
			running.Add(-1)
			return false, nil
		}
	})
	var busy, tried atomic.Int32
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			a := h.browser().post("/sign-in", "email", fmt.Sprintf("p%d@riverside.example", i), "password", "x")
			switch a.StatusCode {
			case http.StatusServiceUnavailable:
				busy.Add(1)
				if a.Header.Get("Retry-After") == "" || !strings.Contains(words(a.body), "One moment") {
					t.Errorf("the busy page:\n%s", words(a.body))
				}
			case http.StatusUnauthorized:
				tried.Add(1)
			default:
				t.Errorf("status %d", a.StatusCode)
			}
		})
	}
	for busy.Load() < 50 || running.Load() < atOnce {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	wg.Wait()
	if most.Load() != atOnce || tried.Load() != atOnce+waiting {
		t.Errorf("ran at once %d, tried %d, busy %d", most.Load(), tried.Load(), busy.Load())
	}
}

// covers AU08
func TestLongInput(t *testing.T) {
	h := newClinic(t)
	before := h.hashes.Load()
	b := h.browser()
	b.want(b.post("/sign-in", "email", email, "password", strings.Repeat("x", staff.LongestPassword+1)), http.StatusUnprocessableEntity)
	b.want(b.post("/sign-in", "email", email, "password", strings.Repeat("x", 2*longestBody)), http.StatusRequestEntityTooLarge)
	b.want(b.post("/sign-in", "email", strings.Repeat("x", longestBody), "password", "y"), http.StatusRequestEntityTooLarge)
	if h.hashes.Load() != before {
		t.Error("a password too long was hashed")
	}
}
