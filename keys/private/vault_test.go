package private_test

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/privatetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type kept struct {
	*private.Vault
	clinic
	clock  *clock
	half   []byte
	sealed keys.Sealed
}

// keep unlocks Dana's key in session s1.
func keep(t *testing.T) kept {
	t.Helper()
	c := newClinic(t)
	k := kept{clinic: c, clock: &clock{now: time.Now()}, sealed: c.seal(t, []byte("hello"))}
	k.Vault = private.NewVault(10*time.Minute, k.clock.Now)
	k.half = k.keep(t, "s1", "dana", c.dana)
	t.Cleanup(k.LockAll)
	return k
}

func (k kept) keep(t *testing.T, session, person string, l *private.Locked) []byte {
	t.Helper()
	half, err := k.Keep(session, person, privatetest.Unlocked(t, l, pw))
	if err != nil || len(half) != 32 {
		t.Fatalf("%d bytes, %v", len(half), err)
	}
	return half
}

// opens says whether the key opens a message now.
func (k kept) opens(t *testing.T, session, person string, half []byte) error {
	t.Helper()
	return k.With(session, person, half, func(u *private.Unlocked) error {
		got, _, err := u.Open(k.sealed, k.believed)
		if err == nil && string(got.Reveal()) != "hello" {
			return errors.New("opened to something else")
		}
		return err
	})
}

func TestVaultKeeps(t *testing.T) {
	k := keep(t)
	for range 3 {
		if err := k.opens(t, "s1", "dana", k.half); err != nil {
			t.Fatal(err)
		}
	}
	if until := k.Until("s1"); !until.Equal(k.clock.Now().Add(10 * time.Minute)) {
		t.Errorf("until %s", until)
	}
	if err := k.With("s1", "dana", k.half, func(*private.Unlocked) error { return errStore }); !errors.Is(err, errStore) {
		t.Errorf("the caller's error becomes %v", err)
	}
	var after *private.Unlocked
	if err := k.With("s1", "dana", k.half, func(u *private.Unlocked) error { after = u; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := after.Open(k.sealed, k.believed); !errors.Is(err, private.ErrLocked) {
		t.Errorf("the key outlives its call: %v", err)
	}
}

// TestVaultBinds: only this session, person and half together open the key.
// covers CR12
func TestVaultBinds(t *testing.T) {
	k := keep(t)
	other := k.keep(t, "s2", "eve", k.eve)
	changed := bytes.Clone(k.half)
	changed[31] ^= 1
	for name, x := range map[string]struct {
		session, person string
		half            []byte
	}{
		"another session": {"s2", "dana", k.half},
		"no session":      {"", "dana", k.half},
		"another person":  {"s1", "eve", k.half},
		"nobody":          {"s1", "", k.half},
		"another half":    {"s1", "dana", other},
		"a bit changed":   {"s1", "dana", changed},
		"half cut":        {"s1", "dana", k.half[:31]},
		"no half":         {"s1", "dana", nil},
		"zeros":           {"s1", "dana", make([]byte, 32)},
	} {
		if err := k.opens(t, x.session, x.person, x.half); !errors.Is(err, private.ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := k.opens(t, "s1", "dana", k.half); err != nil {
		t.Errorf("after wrong ones the right one: %v", err)
	}
}

// covers CR13
func TestVaultIdle(t *testing.T) {
	k := keep(t)
	k.clock.advance(9 * time.Minute)
	k.Until("s1") // asking does not move the end
	if err := k.opens(t, "s1", "dana", k.half); err != nil {
		t.Fatal(err)
	}
	k.clock.advance(9 * time.Minute)
	if err := k.opens(t, "s1", "dana", k.half); err != nil {
		t.Fatalf("use did not move the end: %v", err)
	}
	k.clock.advance(10 * time.Minute)
	if until := k.Until("s1"); !until.IsZero() {
		t.Errorf("idle, and open until %s", until)
	}
	if err := k.opens(t, "s1", "dana", k.half); !errors.Is(err, private.ErrLocked) {
		t.Errorf("idle: %v", err)
	}
	k.clock.advance(-time.Hour)
	if err := k.opens(t, "s1", "dana", k.half); !errors.Is(err, private.ErrLocked) {
		t.Errorf("turning the clock back opens the key again: %v", err)
	}
}

// TestVaultLocksByItself: without another call, and a wrong half does not keep it open.
// covers CR13
func TestVaultLocksByItself(t *testing.T) {
	k := keep(t)
	v := private.NewVault(50*time.Millisecond, nil)
	half, err := v.Keep("s1", "dana", privatetest.Unlocked(t, k.dana, pw))
	if err != nil {
		t.Fatal(err)
	}
	if v.Until("s1").IsZero() {
		t.Fatal("locked at once")
	}
	for deadline := time.Now().Add(10 * time.Second); private.Held(v) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the key is still held")
		}
		_ = v.With("s1", "dana", make([]byte, 32), func(*private.Unlocked) error { return nil })
		time.Sleep(5 * time.Millisecond)
	}
	if err := v.With("s1", "dana", half, func(*private.Unlocked) error { return nil }); !errors.Is(err, private.ErrLocked) {
		t.Error(err)
	}
}

// TestVaultClockBehind: where the timer and the clock disagree, the clock decides, and
// the timer asks again.
func TestVaultClockBehind(t *testing.T) {
	k := keep(t)
	const idle = 30 * time.Millisecond
	v := private.NewVault(idle, k.clock.Now)
	if _, err := v.Keep("s1", "dana", privatetest.Unlocked(t, k.dana, pw)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * idle)
	if private.Held(v) != 1 || v.Until("s1").IsZero() {
		t.Error("locked before its time")
	}
	k.clock.advance(idle)
	for deadline := time.Now().Add(10 * time.Second); private.Held(v) > 0; time.Sleep(idle) {
		if time.Now().After(deadline) {
			t.Fatal("the key is still held")
		}
	}
}

// TestVaultLock: after locking neither half is usable.
// covers CR13
func TestVaultLock(t *testing.T) {
	for name, x := range map[string]struct {
		lock func(kept)
		left []string // sessions still open
	}{
		"one session": {func(k kept) { k.Lock("s1") }, []string{"s2", "s3"}},
		"one person":  {func(k kept) { k.LockPerson("dana") }, []string{"s3"}},
		"all":         {func(k kept) { k.LockAll() }, nil},
		"unknown":     {func(k kept) { k.Lock("s9"); k.LockPerson("frank") }, []string{"s1", "s2", "s3"}},
		"kept again":  {func(k kept) { _, _ = k.Keep("s1", "dana", &private.Unlocked{}) }, []string{"s1", "s2", "s3"}},
		"twice":       {func(k kept) { k.Lock("s1"); k.Lock("s1") }, []string{"s2", "s3"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := keep(t)
			halves := map[string][]byte{"s1": k.half, "s2": k.keep(t, "s2", "dana", k.dana), "s3": k.keep(t, "s3", "eve", k.eve)}
			persons := map[string]string{"s1": "dana", "s2": "dana", "s3": "eve"}
			copies := private.Copies(k.Vault)
			x.lock(k)
			for session, half := range halves {
				open := slices.Contains(x.left, session)
				if err := k.opens(t, session, persons[session], half); open != (err == nil) {
					t.Errorf("%s: %v", session, err)
				}
				if open == k.Until(session).IsZero() {
					t.Errorf("%s: until %s", session, k.Until(session))
				}
				if zero := !slices.ContainsFunc(copies[session], func(b byte) bool { return b != 0 }); zero == open {
					t.Errorf("%s: overwritten %v", session, zero)
				}
			}
		})
	}
}

// TestVaultReplaces: unlocking again in a session ends the old half.
func TestVaultReplaces(t *testing.T) {
	k := keep(t)
	fresh := k.keep(t, "s1", "dana", k.dana)
	if err := k.opens(t, "s1", "dana", k.half); !errors.Is(err, private.ErrLocked) {
		t.Errorf("the old half: %v", err)
	}
	if err := k.opens(t, "s1", "dana", fresh); err != nil {
		t.Errorf("the new half: %v", err)
	}
}

// TestKeepWipes: the key handed over is of no use to its former owner.
func TestKeepWipes(t *testing.T) {
	k := keep(t)
	u := privatetest.Unlocked(t, k.dana, pw)
	if _, err := k.Keep("s1", "dana", u); err != nil {
		t.Fatal(err)
	}
	if _, _, err := u.Open(k.sealed, k.believed); !errors.Is(err, private.ErrLocked) {
		t.Errorf("after Keep: %v", err)
	}
	for name, keepIt := range map[string]func() ([]byte, error){
		"no session": func() ([]byte, error) { return k.Keep("", "dana", privatetest.Unlocked(t, k.dana, pw)) },
		"no person":  func() ([]byte, error) { return k.Keep("s", "", privatetest.Unlocked(t, k.dana, pw)) },
		"wiped key":  func() ([]byte, error) { return k.Keep("s", "dana", u) },
	} {
		if half, err := keepIt(); err == nil || half != nil {
			t.Errorf("%s is kept", name)
		}
	}
}

// TestNoSecretBetweenRequests: what the vault holds shows neither the scalar nor the half.
// covers CR12, CR13
func TestNoSecretBetweenRequests(t *testing.T) {
	k := keep(t)
	scalar := private.Scalar(privatetest.Unlocked(t, k.dana, pw))
	if len(scalar) != 32 {
		t.Fatalf("the scalar has %d bytes", len(scalar))
	}
	reversed := bytes.Clone(scalar)
	slices.Reverse(reversed)
	for session, held := range private.Copies(k.Vault) {
		for name, part := range map[string][]byte{"scalar": scalar, "reversed scalar": reversed, "half": k.half} {
			if bytes.Contains(held, part[:8]) {
				t.Errorf("%s holds the %s", session, name)
			}
		}
	}
}

// TestWipeOverwrites: the secret's own memory is zero after Wipe.
// covers CR12
func TestWipeOverwrites(t *testing.T) {
	k := keep(t)
	u := privatetest.Unlocked(t, k.dana, pw)
	memory := private.Memory(u)
	if !slices.ContainsFunc(memory, func(b byte) bool { return b != 0 }) {
		t.Fatal("the secret is zero before")
	}
	u.Wipe()
	if slices.ContainsFunc(memory, func(b byte) bool { return b != 0 }) {
		t.Error("the secret is still there")
	}
}

// TestVaultTogether: many requests at once, some of them locking.
func TestVaultTogether(t *testing.T) {
	k := keep(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 30 {
				switch err := k.opens(t, "s1", "dana", k.half); {
				case err != nil && !errors.Is(err, private.ErrLocked):
					t.Error(err)
				case i == 7:
					k.Until("s1")
					k.Lock("s2")
				}
			}
			if i == 6 {
				k.LockPerson("dana")
			}
		})
	}
	wg.Wait()
	if err := k.opens(t, "s1", "dana", k.half); !errors.Is(err, private.ErrLocked) {
		t.Errorf("after LockPerson: %v", err)
	}
}
