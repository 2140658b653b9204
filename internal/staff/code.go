package staff

import (
	"context"
	"fmt"

	"sealform/internal/audit"
	"sealform/internal/store"
)

// Tokens are the cookies' values that a browser gets after its code was right: those of its session and of its device.
type Tokens struct{ Session, Device string }

// Code checks the authenticator's code of a half signed-in session. A code works once; five wrong ones end the
// session, and each counts as a failed sign-in of the account.
func (s *Sessions) Code(ctx context.Context, who Staff, code string, t Attempt) (*Tokens, error) {
	defer s.turns.Take("account " + who.Email)()
	a, err := s.Store.AccountByID(ctx, who.Account)
	if err != nil {
		return nil, fmt.Errorf("finding an account: %w", err)
	}
	if wait := s.signInWait(a, t); wait > shortWait {
		s.Events.SignIn("code", a.ID, "slowed")
		return nil, &Slowed{wait}
	} else if wait > 0 {
		if err := s.Pause(ctx, wait); err != nil {
			return nil, err
		}
	}
	right, err := s.codeFits(ctx, a, code)
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, s.wrongCode(ctx, who, a, t)
	}
	return s.welcome(ctx, who, a, t)
}

// codeFits tells whether a code is the account's now, and uses it up.
func (s *Sessions) codeFits(ctx context.Context, a *store.Account, code string) (bool, error) {
	secret, err := openTOTP(s.Key("totp"), s.Service, a.Email, a.TOTP)
	if err != nil {
		return false, err
	}
	step, right, err := totpStep(secret, code, s.Now())
	if err != nil || !right || a.Disabled {
		return false, err
	}
	first, err := s.Store.UseTOTPStep(ctx, a.ID, step)
	if err != nil {
		return false, fmt.Errorf("using a code: %w", err)
	}
	return first, nil
}

func (s *Sessions) wrongCode(ctx context.Context, who Staff, a *store.Account, t Attempt) error {
	why := ErrWrongCode
	s.codes.Add(who.session.Hash)
	if s.codes.Wait(who.session.Hash) > 0 {
		why = ErrTries
		if err := s.end(ctx, who, false); err != nil {
			return err
		}
	}
	return s.failed(ctx, a, t, "code", why)
}

func (s *Sessions) welcome(ctx context.Context, who Staff, a *store.Account, t Attempt) (*Tokens, error) {
	if err := s.Record(ctx, audit.Entry{Who: a.Email, From: from(t.Addr), Act: audit.ActSignedIn}); err != nil {
		return nil, err
	}
	if err := s.Store.Succeed(ctx, a.ID); err != nil {
		return nil, fmt.Errorf("clearing failed sign-ins: %w", err)
	}
	s.Events.SignIn("code", a.ID, "ok")
	token, err := s.Renew(ctx, &who, SignedIn)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	if err := s.Store.SweepSessions(ctx, now.Add(-SessionAbsolute), now.Add(-SessionIdle)); err != nil {
		s.Events.Trouble("sessions", "sweep")
	}
	return &Tokens{token, s.newDevice(a)}, nil
}
