package viewer

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sealform/internal/audit"
	"sealform/internal/limit"
	"sealform/keys"
)

const email = "dana@riverside.example"

// typed is the e-mail field with what was typed before.
var typed = regexp.MustCompile(`name="email"[^>]*`)

// Every way to fail answers alike and hashes exactly once.
// covers AU05
func TestNobodyCanTellWhoHasAnAccount(t *testing.T) {
	h := newHouse(t)
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
	h := newHouse(t)
	h.desk.addresses = limit.NewBuckets[netip.Prefix](1000, time.Hour, 10, h.clock.now)
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
	h := newHouse(t)
	h.desk.addresses = limit.NewBuckets[netip.Prefix](1000, time.Hour, 10, h.clock.now)
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
	if signInGrowth.After(99) != 15*time.Minute || signInGrowth.After(100) != 24*time.Hour || signInGrowth.After(1e6) != 24*time.Hour {
		t.Error("the hundredth failure does not slow guessing to one a day")
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
	h := newHouse(t)
	own := h.as("dana")
	own.want(own.post("/sign-out"), http.StatusSeeOther)
	for range 300 {
		h.browser().post("/sign-in", "email", email, "password", "wrong")
		h.clock.pass(time.Minute)
	}
	if a := h.browser().post("/sign-in", "email", email, "password", accountPassword); a.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a new browser gets %d in the midst of it", a.StatusCode)
	}
	device := own.cookie(deviceCookie)
	own.signIn("dana")
	for i := range 12 { // a stolen mark has ten tries an hour of its own
		thief := h.browser()
		thief.hold(deviceCookie, device)
		a := thief.post("/sign-in", "email", email, "password", "wrong")
		if want := map[bool]int{true: 401, false: 429}[i < 10]; a.StatusCode != want {
			t.Errorf("try %d with a stolen mark: %d, want %d", i, a.StatusCode, want)
		}
	}
	for _, forged := range []string{"", "AAAA", device[:len(device)-4] + "AAAA"} {
		b := h.browser()
		b.hold(deviceCookie, forged)
		if a := b.post("/sign-in", "email", email, "password", "wrong"); a.StatusCode != http.StatusTooManyRequests {
			t.Errorf("a forged mark gets %d", a.StatusCode)
		}
	}
}

// covers AU06
func TestAddressBucket(t *testing.T) {
	h := newHouse(t)
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
	h := newHouse(t)
	h.desk.gate = limit.NewGate(2, 100, time.Minute)
	h.desk.pause = func(context.Context, time.Duration) error { return nil }
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

// covers AU07
func TestKeyPasswordGuessing(t *testing.T) {
	h := newHouse(t)
	b := h.as("dana")
	wrong := func() *response {
		return b.post("/unlock", "key", string(h.locked["dana"].Fingerprint()), "password", "wrong")
	}
	for i := range 5 {
		b.want(wrong(), http.StatusUnauthorized)
		_ = i
	}
	a := b.want(b.post("/unlock", "key", string(h.locked["dana"].Fingerprint()), "password", keyPassword), http.StatusTooManyRequests)
	if a.Header.Get("Retry-After") != "31" || !strings.Contains(words(a.body), "Wait 30 seconds") {
		t.Errorf("the sixth try: Retry-After %s\n%s", a.Header.Get("Retry-After"), words(a.body))
	}
	h.close()
	h.open() // the count survives a restart
	c := h.browser()
	c.hold(sessionCookie, b.cookie(sessionCookie))
	b = c
	b.want(wrong(), http.StatusTooManyRequests)
	for _, wait := range []time.Duration{30, 60, 120, 240, 480} {
		h.clock.pass(wait * time.Second)
		b.want(b.get("/inbox"), http.StatusOK)
		b.want(wrong(), http.StatusUnauthorized)
		b.want(wrong(), http.StatusTooManyRequests)
	}
	if !strings.Contains(h.log.String(), "many-wrong-key-passwords") {
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
	h := newHouse(t)
	if a := h.browser().post("/unlock", "key", string(h.locked["dana"].Fingerprint()), "password", keyPassword); a.to() != "/sign-in" {
		t.Errorf("a stranger at unlock: %d %s", a.StatusCode, a.to())
	}
	sam := h.as("sam")
	who, err := h.desk.identify(t.Context(), sam.cookies(), "", 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.desk.Unlock(t.Context(), who, h.locked["dana"].Fingerprint(), keys.NewPassword([]byte(keyPassword))); err == nil {
		t.Error("another person's key was unlocked")
	}
}

// A flood of sign-ins runs two hashes at a time and keeps few waiting; the rest are asked to come back.
// covers AU08
func TestFlood(t *testing.T) {
	h := newHouse(t)
	h.desk.addresses = limit.NewBuckets[netip.Prefix](10_000, time.Hour, 10, h.clock.now)
	var running, most atomic.Int32
	hold := make(chan struct{})
	h.desk.compare = func(keys.Password, string) (bool, error) {
		n := running.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-hold
		running.Add(-1)
		return false, nil
	}
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
	for busy.Load() < 50 {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	wg.Wait()
	if most.Load() != kdfRunning || tried.Load() != kdfRunning+kdfQueue {
		t.Errorf("ran at once %d, tried %d, busy %d", most.Load(), tried.Load(), busy.Load())
	}
}

// covers AU08
func TestLongInput(t *testing.T) {
	h := newHouse(t)
	before := h.hashes.Load()
	b := h.browser()
	b.want(b.post("/sign-in", "email", email, "password", strings.Repeat("x", longestPassword+1)), http.StatusUnprocessableEntity)
	b.want(b.post("/sign-in", "email", email, "password", strings.Repeat("x", 2*longestBody)), http.StatusRequestEntityTooLarge)
	b.want(b.post("/sign-in", "email", strings.Repeat("x", longestBody), "password", "y"), http.StatusRequestEntityTooLarge)
	if h.hashes.Load() != before {
		t.Error("a password too long was hashed")
	}
	if _, err := HashPassword(keys.NewPassword(make([]byte, longestPassword+1))); err == nil {
		t.Error("HashPassword takes a password of any length")
	}
}

// covers AU09
func TestCodeWorksOnce(t *testing.T) {
	h := newHouse(t)
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
		h := newHouse(t)
		b := h.browser()
		b.want(b.post("/sign-in", "email", email, "password", accountPassword), http.StatusSeeOther)
		if a := b.post("/sign-in/code", "code", h.code(email, step)); a.StatusCode != want {
			t.Errorf("a code %d steps away: %d, want %d", step, a.StatusCode, want)
		}
	}
	h := newHouse(t) // a code older than one used is not taken
	h.as("dana")
	b := h.browser()
	b.want(b.post("/sign-in", "email", email, "password", accountPassword), http.StatusSeeOther)
	b.want(b.post("/sign-in/code", "code", h.code(email, -1)), http.StatusUnauthorized)
	b.want(b.post("/sign-in/code", "code", "12 34"), http.StatusUnauthorized)
}

// covers AU09
func TestFiveCodes(t *testing.T) {
	h := newHouse(t)
	h.desk.addresses = limit.NewBuckets[netip.Prefix](1000, time.Hour, 10, h.clock.now)
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
	h := newHouse(t)
	if n := h.count(`select count(*) from account where instr(cast(totp as text), ?) > 0`, h.secrets[email]); n != 0 {
		t.Error("the secret is readable in the database")
	}
	h.tamper(`update account set totp = (select totp from account where email = 'sam@riverside.example') where email = ?`, email)
	b := h.browser()
	b.want(b.post("/sign-in", "email", email, "password", accountPassword), http.StatusSeeOther)
	b.want(b.post("/sign-in/code", "code", h.code("sam@riverside.example", 0)), http.StatusInternalServerError)
}
