package viewer

import (
	"context"
	"fmt"

	"sealform/internal/audit"
	"sealform/internal/store"
)

// signedIn is what a browser gets after its code was right.
type signedIn struct{ token, device string }

// Code checks the authenticator's code of a half signed-in session. A code works once; five wrong ones end the
// session, and each counts as a failed sign-in of the account.
func (d *desk) Code(ctx context.Context, who Staff, code string, t attempt) (*signedIn, error) {
	defer d.turn("account " + who.Email)()
	a, err := d.Store.AccountByID(ctx, who.Account)
	if err != nil {
		return nil, fmt.Errorf("finding an account: %w", err)
	}
	if wait := d.signInWait(a, t); wait > shortWait {
		d.Events.SignIn("code", a.ID, "slowed")
		return nil, &slowed{wait}
	} else if wait > 0 {
		if err := d.pause(ctx, wait); err != nil {
			return nil, err
		}
	}
	right, err := d.codeFits(ctx, a, code)
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, d.wrongCode(ctx, who, a, t)
	}
	return d.welcome(ctx, who, a, t)
}

// codeFits uses the code up.
func (d *desk) codeFits(ctx context.Context, a *store.Account, code string) (bool, error) {
	secret, err := openTOTP(d.Key("totp"), d.Service, a.Email, a.TOTP)
	if err != nil {
		return false, err
	}
	step, right, err := totpStep(secret, code, d.Now())
	if err != nil || !right || a.Disabled {
		return false, err
	}
	first, err := d.Store.UseTOTPStep(ctx, a.ID, step)
	if err != nil {
		return false, fmt.Errorf("using a code: %w", err)
	}
	return first, nil
}

func (d *desk) wrongCode(ctx context.Context, who Staff, a *store.Account, t attempt) error {
	why := errWrongCode
	d.codes.Add(who.session.Hash)
	if d.codes.Wait(who.session.Hash) > 0 {
		why = errTries
		if err := d.Store.DropSession(ctx, who.session.Hash); err != nil {
			return fmt.Errorf("ending a session: %w", err)
		}
	}
	return d.failed(ctx, a, t, "code", why)
}

func (d *desk) welcome(ctx context.Context, who Staff, a *store.Account, t attempt) (*signedIn, error) {
	if err := d.Store.Audit(ctx, audit.Entry{Who: a.Email, From: from(t.addr), Act: audit.ActSignedIn}); err != nil {
		return nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	if err := d.Store.Succeed(ctx, a.ID); err != nil {
		return nil, fmt.Errorf("clearing failed sign-ins: %w", err)
	}
	d.Events.SignIn("code", a.ID, "ok")
	token, err := d.renew(ctx, &who, 2)
	if err != nil {
		return nil, err
	}
	now := d.Now()
	if err := d.Store.SweepSessions(ctx, now.Add(-SessionAbsolute), now.Add(-SessionIdle)); err != nil {
		d.Events.Trouble("sessions", "sweep")
	}
	return &signedIn{token, d.newDevice(a)}, nil
}

// SignOut ends the session and locks its key.
func (d *desk) SignOut(ctx context.Context, who Staff) error {
	if err := d.end(ctx, who, false); err != errSignedOut { //nolint:errorlint // the sentinel itself means: done
		return err
	}
	if who.session.Stage < 2 {
		return nil
	}
	if err := d.Store.Audit(ctx, who.entry(audit.ActSignedOut)); err != nil {
		return fmt.Errorf("%w: %w", errRecord, err)
	}
	return nil
}
