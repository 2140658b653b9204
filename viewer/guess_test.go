package viewer

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sealform/internal/audit"
	"sealform/internal/limit"
	"sealform/internal/staff"
)

const email = "dana@riverside.example"

// typed is the e-mail field with what was typed before.
var typed = regexp.MustCompile(`name="email"[^>]*`)

// Every way to fail answers alike and hashes exactly once.
// covers AU05
func TestNobodyCanTellWhoHasAnAccount(t *testing.T) {
	h := newClinic(t)
	entry := audit.Entry{Who: audit.Operator, Act: audit.ActAccountDisabled}
	if err := h.desk.Store.SetDisabled(t.Context(), h.accounts["sam"], true, entry); err != nil {
		t.Fatal(err)
	}
	try := func(email, password string) (string, int64) {
		t.Helper()
		before := h.hashes.Load()
		a := h.browser().post("/sign-in", "email", email, "password", password)
		body := typed.ReplaceAllString(a.body, `name="email"`)
		return fmt.Sprint(a.StatusCode, a.Header["Set-Cookie"], a.Header["Retry-After"], body), h.hashes.Load() - before
	}
	want, n := try(email, "wrong")
	if n != 1 {
		t.Fatalf("a wrong password hashes %d times", n)
	}
	for name, x := range map[string][2]string{
		"no such account":               {"nobody@riverside.example", accountPassword},
		"a disabled account, its own":   {"sam@riverside.example", accountPassword},
		"a disabled account, a wrong":   {"sam@riverside.example", "wrong"},
		"no e-mail":                     {"", accountPassword},
		"no password":                   {"nobody2@riverside.example", ""},
		"an e-mail that is none at all": {"'; drop table account; --", "x"},
	} {
		got, n := try(x[0], x[1])
		if n != 1 {
			t.Errorf("%s: %d hashes", name, n)
		}
		if got != want {
			t.Errorf("%s: answers otherwise\n%s\n%s", name, got, want)
		}
	}
	before := h.hashes.Load()
	h.as("dana")
	if n := h.hashes.Load() - before; n != 1 {
		t.Errorf("the right password hashes %d times", n)
	}
}

// An e-mail without an account is slowed down as one with.
// covers AU05, AU06
func TestSlowedAlike(t *testing.T) {
	h := newClinic(t, many)
	var got [2][]string
	for i, who := range []string{email, "nobody@riverside.example"} {
		for range 8 {
			before := h.hashes.Load()
			a := h.browser().post("/sign-in", "email", who, "password", "wrong")
			got[i] = append(got[i], fmt.Sprint(a.StatusCode, a.Header["Retry-After"], h.hashes.Load()-before))
			h.clock.pass(time.Second)
		}
	}
	if fmt.Sprint(got[0]) != fmt.Sprint(got[1]) {
		t.Errorf("with an account:\n%v\nwithout:\n%v", got[0], got[1])
	}
	if !strings.Contains(fmt.Sprint(got[0]), "429") {
		t.Error("nothing was slowed")
	}
}

// covers AU06
func TestDelaysGrowAndEnd(t *testing.T) {
	h := newClinic(t, many)
	var waits []time.Duration
	b := h.browser()
	for range 12 {
		b.post("/sign-in", "email", email, "password", "wrong")
		a, err := h.desk.Store.Account(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		wait := a.Retry.Sub(h.clock.now())
		waits = append(waits, wait)
		h.clock.pass(wait)
	}
	if waits[0] != time.Second || waits[1] != 2*time.Second || waits[9] != 512*time.Second || waits[11] != 15*time.Minute {
		t.Errorf("waits: %v", waits)
	}
	h.as("dana") // waited long enough: never shut out for good
	a, err := h.desk.Store.Account(t.Context(), email)
	if err != nil || a.Failures != 0 {
		t.Errorf("after signing in %d failures stand", a.Failures)
	}
}

// A stranger's failures slow the account and the address down, but not the owner in a browser used before.
// covers AU06
func TestGuessingDoesNotLockTheOwnerOut(t *testing.T) {
	h := newClinic(t)
	own := h.as("dana")
	own.want(own.post("/sign-out"), http.StatusSeeOther)
	for range 300 {
		h.browser().post("/sign-in", "email", email, "password", "wrong")
		h.clock.pass(time.Minute)
	}
	if a := h.browser().post("/sign-in", "email", email, "password", accountPassword); a.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a new browser gets %d in the midst of it", a.StatusCode)
	}
	device := own.cookie(staff.DeviceCookie)
	own.signIn("dana")
	for i := range 12 { // a stolen mark has ten tries an hour of its own
		thief := h.browser()
		thief.hold(staff.DeviceCookie, device)
		a := thief.post("/sign-in", "email", email, "password", "wrong")
		if want := map[bool]int{true: 401, false: 429}[i < 10]; a.StatusCode != want {
			t.Errorf("try %d with a stolen mark: %d, want %d", i, a.StatusCode, want)
		}
	}
	for _, forged := range []string{"", "AAAA", device[:len(device)-4] + "AAAA"} {
		b := h.browser()
		b.hold(staff.DeviceCookie, forged)
		if a := b.post("/sign-in", "email", email, "password", "wrong"); a.StatusCode != http.StatusTooManyRequests {
			t.Errorf("a forged mark gets %d", a.StatusCode)
		}
	}
}

// covers AU06
func TestAddressBucket(t *testing.T) {
	h := newClinic(t)
	for i := range 14 {
		a := h.browser().post("/sign-in", "email", fmt.Sprintf("person%d@riverside.example", i), "password", "wrong")
		if want := map[bool]int{true: 401, false: 429}[i < 10]; a.StatusCode != want {
			t.Errorf("failure %d of one address: %d, want %d", i+1, a.StatusCode, want)
		}
	}
	h.clock.pass(time.Hour)
	for range 15 { // successes do not count
		h.as("dana")
	}
}

// Guesses sent side by side are judged one after another.
// covers AU06, AU09
func TestParallelGuesses(t *testing.T) {
	h := newClinic(t, func(c *staff.Config) {
		c.Gate = limit.NewGate(2, 100, time.Minute)
		c.Pause = func(context.Context, time.Duration) error { return nil }
	})
	before := h.hashes.Load()
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() { h.browser().post("/sign-in", "email", email, "password", "wrong") })
	}
	wg.Wait()
	if n := h.hashes.Load() - before; n != 1 {
		t.Errorf("%d of 40 parallel guesses were tried, want 1", n)
	}
}
