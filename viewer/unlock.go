package viewer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sealform/internal/audit"
	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
)

// Unlock opens one of the person's keys for this session, and gives what the browser holds from then on: a new session id and
// its half of the key. Wrong passwords are counted at the key, in the store. The error is private.ErrWrongPassword,
// *staff.Slowed, limit.ErrBusy, or errNotFound for a key that is not theirs.
func (d *desk) Unlock(ctx context.Context, who staff.Staff, f keys.Fingerprint, p keys.Password) (token string, half []byte, err error) {
	done, err := d.Sessions.Begin(ctx, "unlock", who.Account, "key "+string(f))
	if err != nil {
		return "", nil, err
	}
	defer done()
	k, err := d.ownKey(ctx, who, f)
	if err != nil {
		return "", nil, err
	}
	if wait := k.Retry.Sub(d.Now()); wait > 0 {
		d.Events.SignIn("unlock", who.Account, "slowed")
		return "", nil, &staff.Slowed{Wait: wait}
	}
	locked, err := private.ParseLocked(k.Locked)
	if err != nil {
		return "", nil, fmt.Errorf("unlocking a key: %w", err)
	}
	open, err := locked.Unlock(p)
	if errors.Is(err, private.ErrWrongPassword) {
		return "", nil, d.wrongKeyPassword(ctx, who, f, err)
	}
	if err != nil {
		return "", nil, fmt.Errorf("unlocking a key: %w", err)
	}
	return d.keepOpen(ctx, who, f, open)
}

// ownKey reads the key again, as its count of failures may have moved while this attempt waited.
func (d *desk) ownKey(ctx context.Context, who staff.Staff, f keys.Fingerprint) (*store.LockedKey, error) {
	all, err := d.Store.KeysOf(ctx, who.Account)
	if err != nil {
		return nil, fmt.Errorf("finding a person's keys: %w", err)
	}
	for _, k := range all {
		if k.Fingerprint == f {
			return &k, nil
		}
	}
	return nil, errNotFound
}

func (d *desk) wrongKeyPassword(ctx context.Context, who staff.Staff, f keys.Fingerprint, why error) error {
	failures, err := d.Store.FailKey(ctx, f, unlockGrowth.After)
	if err != nil {
		return fmt.Errorf("counting a wrong key password: %w", err)
	}
	d.Events.SignIn("unlock", who.Account, "wrong")
	if failures >= alarmAfter {
		d.Events.Trouble("unlock", "many_wrong_key_passwords")
	}
	if err := d.Sessions.Record(ctx, who.Entry(audit.ActUnlockFailed, string(f))); err != nil {
		return err
	}
	return why
}

func (d *desk) keepOpen(ctx context.Context, who staff.Staff, f keys.Fingerprint, open *private.Unlocked) (token string, half []byte, err error) {
	defer open.Wipe() // for the ways out on which the vault did not take it over
	if err := d.Sessions.Record(ctx, who.Entry(audit.ActUnlocked, string(f))); err != nil {
		return "", nil, err
	}
	if err := d.Store.SucceedKey(ctx, f); err != nil {
		return "", nil, fmt.Errorf("clearing wrong key passwords: %w", err)
	}
	token, err = d.Sessions.Renew(ctx, &who, staff.SignedIn)
	if err != nil {
		return "", nil, err
	}
	half, err = d.Vault.Keep(who.SessionID(), who.PersonID(), open)
	if err != nil {
		return "", nil, fmt.Errorf("keeping a key open: %w", err)
	}
	d.Events.SignIn("unlock", who.Account, "ok")
	return token, half, nil
}

// Lock closes the session's key and renews the session.
func (d *desk) Lock(ctx context.Context, who staff.Staff) (token string, err error) {
	open := d.left(who) > 0
	token, err = d.Sessions.Renew(ctx, &who, staff.SignedIn)
	if err != nil || !open {
		return token, err
	}
	if err := d.Sessions.Record(ctx, who.Entry(audit.ActLocked)); err != nil {
		return "", err
	}
	return token, nil
}

// Stay moves the end of the session's key.
func (d *desk) Stay(who staff.Staff) error {
	return d.with(who, func(*private.Unlocked) error { return nil })
}

// left is how long the session's key stays open: zero where nothing is unlocked, or where this browser lacks its half.
func (d *desk) left(who staff.Staff) time.Duration {
	end := d.Vault.Until(who.SessionID())
	if end.IsZero() || who.Half == nil {
		return 0
	}
	return max(0, end.Sub(d.Now()))
}
