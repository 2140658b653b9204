package staff

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"sealform/internal/audit"
	"sealform/internal/limit"
	"sealform/internal/store"
	"sealform/keys"
)

// Attempt is one try to sign in.
type Attempt struct {
	Email    string
	Password keys.Password
	Addr     netip.Addr
	device   string // the device cookie, as it came
}

// NewAttempt takes from a request, that came from addr, what its tries are counted by.
func NewAttempt(r *http.Request, addr netip.Addr) Attempt {
	return Attempt{Addr: addr, device: cookie(r, DeviceCookie)}
}

// SignIn checks e-mail and account password. Whatever the reason of a refusal, it takes one password hash and gives ErrWrong,
// or it takes none and gives *Slowed or limit.ErrBusy. The token is that of a half signed-in session.
func (s *Sessions) SignIn(ctx context.Context, t Attempt) (token string, err error) {
	t.Email = strings.ToLower(strings.TrimSpace(t.Email))
	if err := s.sitOut(ctx, t); err != nil {
		return "", err
	}
	done, err := s.Begin(ctx, "password", 0, "account "+t.Email)
	if err != nil {
		return "", err
	}
	defer done()
	account, err := s.account(ctx, t.Email)
	if err != nil {
		return "", err
	}
	if wait := s.signInWait(account, t); wait > 0 {
		s.Events.SignIn("password", idOf(account), "slowed")
		return "", &Slowed{wait}
	}
	right, err := s.passwordFits(account, t.Password)
	if err != nil {
		return "", err
	}
	if !right {
		return "", s.failed(ctx, account, t, "password", ErrWrong)
	}
	s.Events.SignIn("password", account.ID, "ok")
	who := Staff{Account: account.ID, Email: account.Email}
	return s.Renew(ctx, &who, PasswordRight)
}

// sitOut lets a short wait pass here, so that a person who mistyped once notices nothing of it.
func (s *Sessions) sitOut(ctx context.Context, t Attempt) error {
	account, err := s.account(ctx, t.Email)
	if err != nil {
		return err
	}
	if wait := s.signInWait(account, t); wait > 0 && wait <= shortWait {
		return s.Pause(ctx, wait)
	}
	return nil
}

// account is nil, without an error, where there is none.
func (s *Sessions) account(ctx context.Context, email string) (*store.Account, error) {
	a, err := s.Store.Account(ctx, email)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // no account is an answer, and must look like one with a wrong password
	}
	if err != nil {
		return nil, fmt.Errorf("finding an account: %w", err)
	}
	return a, nil
}

func idOf(a *store.Account) int64 {
	if a == nil {
		return 0
	}
	return a.ID
}

// signInWait is how long this attempt must wait; zero when it may be tried.
func (s *Sessions) signInWait(a *store.Account, t Attempt) time.Duration {
	if a == nil {
		return max(s.strangers.Wait(sha256.Sum256([]byte(t.Email))), s.addresses.Wait(limit.Prefix(t.Addr)))
	}
	if device, ok := s.knownDevice(a, t.device); ok {
		return s.devices.Wait(device)
	}
	return max(a.Retry.Sub(s.Now()), s.addresses.Wait(limit.Prefix(t.Addr)))
}

// passwordFits runs the hash exactly once, whether or not there is an account.
func (s *Sessions) passwordFits(a *store.Account, p keys.Password) (bool, error) {
	encoded := s.noHash
	if a != nil {
		encoded = a.Password
	}
	right, err := s.Compare(p, encoded)
	if err != nil {
		return false, fmt.Errorf("checking an account password: %w", err)
	}
	return right && a != nil && !a.Disabled, nil
}

// failed counts a failure everywhere it counts and puts it on record, then gives why.
func (s *Sessions) failed(ctx context.Context, a *store.Account, t Attempt, stage string, why error) error {
	s.Events.SignIn(stage, idOf(a), "wrong")
	if a == nil {
		s.addresses.Add(limit.Prefix(t.Addr))
		s.strangers.Fail(sha256.Sum256([]byte(t.Email)))
		return why
	}
	if device, ok := s.knownDevice(a, t.device); ok {
		s.devices.Add(device)
	} else {
		s.addresses.Add(limit.Prefix(t.Addr))
	}
	if err := s.Store.Fail(ctx, a.ID, signInGrowth.After); err != nil {
		return fmt.Errorf("counting a failed sign-in: %w", err)
	}
	if err := s.Record(ctx, audit.Entry{Who: a.Email, From: from(t.Addr), Act: audit.ActSignInFailed}); err != nil {
		return err
	}
	return why
}

// from is an address as it stands in the audit record.
func from(a netip.Addr) string {
	if !a.IsValid() {
		return "unknown"
	}
	return a.String()
}
