package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/audit"
	"sealform/keys"
)

func addAccount(t testing.TB, s *Store, email string) int64 {
	t.Helper()
	id, err := s.AddAccount(t.Context(), Account{Email: email, Password: "$argon2id$…", TOTP: []byte("sealed")}, staff(audit.ActAccountAdded, email))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestAccounts(t *testing.T) {
	c := newClock()
	cfg := config(t, c)
	s := openStore(t, cfg)
	dana := addAccount(t, s, "Dana@Clinic.example")
	addAccount(t, s, "ito@clinic.example")
	_, err := s.AddAccount(t.Context(), Account{Email: "DANA@clinic.example"}, staff(audit.ActAccountAdded))
	if !errors.Is(err, ErrExists) {
		t.Errorf("a second one: %v", err)
	}
	if n := count(t, s, "audit"); n != 3 {
		t.Errorf("%d entries", n)
	}
	got, err := s.Account(t.Context(), "dana@CLINIC.example")
	want := &Account{ID: dana, Email: "dana@clinic.example", Password: "$argon2id$…", TOTP: []byte("sealed"), Created: c.Now()}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for range 3 {
		if err := s.Fail(t.Context(), dana, func(n int) time.Duration { return time.Duration(n) * time.Minute }); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, cfg) // counters outlive a restart
	got, err = s.AccountByID(t.Context(), dana)
	if err != nil || got.Failures != 3 || !got.Retry.Equal(c.Now().Add(3*time.Minute)) {
		t.Errorf("%+v %v", got, err)
	}
	if err := s.Succeed(t.Context(), dana); err != nil {
		t.Fatal(err)
	}
	all, err := s.Accounts(t.Context())
	if err != nil || len(all) != 2 || all[0].Failures != 0 || !all[0].Retry.IsZero() {
		t.Errorf("%+v %v", all, err)
	}
}

func TestNobodysAccount(t *testing.T) {
	s, _ := newStore(t)
	addAccount(t, s, "dana@clinic.example")
	for _, err := range []error{
		s.Fail(t.Context(), 99, func(int) time.Duration { return 0 }),
		second(s.Account(t.Context(), "nobody@clinic.example")),
		second(s.AccountByID(t.Context(), 99)),
		s.SetDisabled(t.Context(), 99, true, staff(audit.ActAccountDisabled)),
		s.SetCredentials(t.Context(), 99, "", nil, staff(audit.ActAccountReset)),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	}
	if n := count(t, s, "audit"); n != 2 {
		t.Errorf("%d entries: what did not happen was recorded", n)
	}
}

func second[T any](_ T, err error) error { return err }

// covers AU03
func TestTOTPStepIsUsedOnce(t *testing.T) {
	c := config(t, newClock())
	handles := []*Store{openStore(t, c), openStore(t, c)}
	id := addAccount(t, handles[0], "dana@clinic.example")
	var won atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			ok, err := handles[i%2].UseTOTPStep(t.Context(), id, 5000)
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("one code let %d in", won.Load())
	}
	for step, want := range map[int64]bool{4999: false, 5000: false} {
		if ok, err := handles[0].UseTOTPStep(t.Context(), id, step); ok != want || err != nil {
			t.Errorf("step %d: %v %v", step, ok, err)
		}
	}
	if ok, err := handles[0].UseTOTPStep(t.Context(), id, 5001); !ok || err != nil {
		t.Errorf("the next: %v %v", ok, err)
	}
}

func addSession(t *testing.T, s *Store, x Session) [32]byte {
	t.Helper()
	if err := s.AddSession(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	return x.Hash
}

func hasSession(t *testing.T, s *Store, hash [32]byte) bool {
	t.Helper()
	_, _, err := s.Session(t.Context(), hash)
	if err != nil && !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func TestSessions(t *testing.T) {
	s, c := newStore(t)
	dana, ito := addAccount(t, s, "dana@clinic.example"), addAccount(t, s, "ito@clinic.example")
	at := c.Now()
	add := func(n byte, account int64, created, seen time.Time) [32]byte {
		return addSession(t, s, Session{Hash: [32]byte{n}, Account: account, Stage: 2, Created: created, Seen: seen, MAC: []byte{n}})
	}
	there := func(h [32]byte) bool { return hasSession(t, s, h) }
	one := add(1, dana, at, at)
	if err := s.TouchSession(t.Context(), one, at.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := s.TouchSession(t.Context(), one, at); err != nil { // it does not go back
		t.Fatal(err)
	}
	x, a, err := s.Session(t.Context(), one)
	want := &Session{Hash: one, Account: dana, Stage: 2, Created: at, Seen: at.Add(time.Minute), MAC: []byte{1}}
	if diff := cmp.Diff(want, x); err != nil || diff != "" || a.Email != "dana@clinic.example" {
		t.Errorf("%v %s %+v", err, diff, a)
	}
	two := add(2, ito, at, at)
	if err := s.DropSession(t.Context(), one); err != nil || there(one) || !there(two) {
		t.Errorf("sign-out: %v", err)
	}
	three, four := add(3, dana, at, at), add(4, dana, at, at)
	if err := s.SetCredentials(t.Context(), dana, "new", []byte("seed"), staff(audit.ActAccountReset)); err != nil || there(three) || there(four) || !there(two) {
		t.Errorf("reset: %v", err)
	}
	if err := s.SetDisabled(t.Context(), ito, true, staff(audit.ActAccountDisabled)); err != nil || there(two) {
		t.Errorf("disabled: %v", err)
	}
	if a, err := s.AccountByID(t.Context(), ito); err != nil || !a.Disabled {
		t.Errorf("%+v %v", a, err)
	}
	old, idle, fresh := add(5, dana, at.Add(-13*time.Hour), at), add(6, dana, at, at.Add(-20*time.Minute)), add(7, dana, at, at)
	if err := s.SweepSessions(t.Context(), at.Add(-12*time.Hour), at.Add(-15*time.Minute)); err != nil || there(old) || there(idle) || !there(fresh) {
		t.Errorf("sweep: %v", err)
	}
	if err := s.DropSessions(t.Context(), dana); err != nil || there(fresh) {
		t.Errorf("all: %v", err)
	}
}

const (
	mine    = keys.Fingerprint("0123456789ABCDEF0123456789ABCDEF01234567")
	nobodys = keys.Fingerprint("FF23456789ABCDEF0123456789ABCDEF01234567")
)

// addKeys adds both, each twice.
func addKeys(t *testing.T, s *Store, dana int64) {
	t.Helper()
	for _, k := range []LockedKey{{Fingerprint: mine, Account: dana, Name: "Dana", Locked: []byte("locked")}, {Fingerprint: nobodys, Name: "old key", Locked: []byte("x")}} {
		if err := s.AddKey(t.Context(), k, staff(audit.ActKeyGenerated, string(k.Fingerprint))); err != nil {
			t.Fatal(err)
		}
		if err := s.AddKey(t.Context(), k, staff(audit.ActKeyGenerated)); !errors.Is(err, ErrExists) {
			t.Errorf("twice: %v", err)
		}
	}
}

func TestLockedKeys(t *testing.T) {
	c := newClock()
	cfg := config(t, c)
	s := openStore(t, cfg)
	dana := addAccount(t, s, "dana@clinic.example")
	addKeys(t, s, dana)
	for want := 1; want <= 3; want++ {
		n, err := s.FailKey(t.Context(), mine, func(n int) time.Duration { return time.Duration(n) * time.Second })
		if n != want || err != nil {
			t.Errorf("%d failures: %v", n, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, cfg) // counters outlive a restart
	got, err := s.KeysOf(t.Context(), dana)
	want := []LockedKey{{
		Fingerprint: mine, Account: dana, Name: "Dana", Locked: []byte("locked"),
		Created: c.Now(), Failures: 3, Retry: c.Now().Add(3 * time.Second),
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if err := s.SucceedKey(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	if got, err = s.KeysOf(t.Context(), dana); err != nil || got[0].Failures != 0 || !got[0].Retry.IsZero() {
		t.Errorf("%+v %v", got, err)
	}
}

func TestRemoveKey(t *testing.T) {
	s, _ := newStore(t)
	addKeys(t, s, 0)
	if err := s.RemoveKey(t.Context(), nobodys, staff(audit.ActKeyRemoved, string(nobodys))); err != nil {
		t.Fatal(err)
	}
	all, err := s.Keys(t.Context())
	if err != nil || len(all) != 1 || all[0].Fingerprint != mine {
		t.Errorf("%+v %v", all, err)
	}
	_, failing := s.FailKey(t.Context(), nobodys, func(int) time.Duration { return 0 })
	for _, err := range []error{failing, s.RemoveKey(t.Context(), nobodys, staff(audit.ActKeyRemoved))} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("removed: %v", err)
		}
	}
	if err := s.AddKey(t.Context(), LockedKey{Fingerprint: "not hex"}, staff(audit.ActKeyImported)); err == nil {
		t.Error("a key without a fingerprint was taken")
	}
	if n := count(t, s, "audit"); n != 4 {
		t.Errorf("%d entries", n)
	}
}
