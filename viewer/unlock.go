package viewer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sealform/internal/audit"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
)

// unlocked is what a browser gets for the right key password.
type unlocked struct {
	token string
	half  []byte
}

// Unlock opens one of the person's keys for this session. Wrong passwords are counted at the key, in the store. It
// gives private.ErrWrongPassword, *slowed, limit.ErrBusy, or errNotFound for a key that is not theirs.
func (d *desk) Unlock(ctx context.Context, who Staff, f keys.Fingerprint, p keys.Password) (*unlocked, error) {
	leave, err := d.gate.Enter(ctx)
	if err != nil {
		d.Events.SignIn("unlock", who.Account, "busy")
		return nil, err
	}
	defer leave()
	defer d.turn("key " + string(f))()
	k, err := d.ownKey(ctx, who, f)
	if err != nil {
		return nil, err
	}
	if wait := k.Retry.Sub(d.Now()); wait > 0 {
		d.Events.SignIn("unlock", who.Account, "slowed")
		return nil, &slowed{wait}
	}
	open, err := try(k, p)
	if errors.Is(err, private.ErrWrongPassword) {
		return nil, d.wrongKeyPassword(ctx, who, f, err)
	}
	if err != nil {
		return nil, fmt.Errorf("unlocking a key: %w", err)
	}
	return d.keepOpen(ctx, who, f, open)
}

// ownKey reads the key again, as its count of failures may have moved while this attempt waited.
func (d *desk) ownKey(ctx context.Context, who Staff, f keys.Fingerprint) (*store.LockedKey, error) {
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

func try(k *store.LockedKey, p keys.Password) (*private.Unlocked, error) {
	locked, err := private.ParseLocked(k.Locked)
	if err != nil {
		return nil, err
	}
	return locked.Unlock(p)
}

func (d *desk) wrongKeyPassword(ctx context.Context, who Staff, f keys.Fingerprint, why error) error {
	failures, err := d.Store.FailKey(ctx, f, unlockGrowth.After)
	if err != nil {
		return fmt.Errorf("counting a wrong key password: %w", err)
	}
	d.Events.SignIn("unlock", who.Account, "wrong")
	if failures >= alarmAfter {
		d.Events.Trouble("unlock", "many-wrong-key-passwords")
	}
	if err := d.Store.Audit(ctx, who.entry(audit.ActUnlockFailed, string(f))); err != nil {
		return fmt.Errorf("%w: %w", errRecord, err)
	}
	return why
}

func (d *desk) keepOpen(ctx context.Context, who Staff, f keys.Fingerprint, open *private.Unlocked) (*unlocked, error) {
	defer open.Wipe() // for the ways out on which the vault did not take it over
	if err := d.Store.Audit(ctx, who.entry(audit.ActUnlocked, string(f))); err != nil {
		return nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	if err := d.Store.SucceedKey(ctx, f); err != nil {
		return nil, fmt.Errorf("clearing wrong key passwords: %w", err)
	}
	token, err := d.renew(ctx, &who, 2)
	if err != nil {
		return nil, err
	}
	half, err := d.Vault.Keep(who.room(), who.person(), open)
	if err != nil {
		return nil, fmt.Errorf("keeping a key open: %w", err)
	}
	d.Events.SignIn("unlock", who.Account, "ok")
	return &unlocked{token, half}, nil
}

// Lock closes the session's key and renews the session.
func (d *desk) Lock(ctx context.Context, who Staff) (token string, err error) {
	if !d.left(who).isOpen() {
		return d.renew(ctx, &who, 2)
	}
	if token, err = d.renew(ctx, &who, 2); err != nil {
		return "", err
	}
	if err := d.Store.Audit(ctx, who.entry(audit.ActLocked)); err != nil {
		return "", fmt.Errorf("%w: %w", errRecord, err)
	}
	return token, nil
}

// Stay moves the end of the session's key.
func (d *desk) Stay(who Staff) error {
	err := d.Vault.With(who.room(), who.person(), who.half, func(*private.Unlocked) error { return nil })
	if errors.Is(err, private.ErrLocked) {
		return errLocked
	}
	return err
}

// remaining is how long a key stays open.
type remaining time.Duration

func (r remaining) isOpen() bool { return r > 0 }

// left is zero where nothing is unlocked, or where this browser lacks its half.
func (d *desk) left(who Staff) remaining {
	end := d.Vault.Until(who.room())
	if end.IsZero() || who.half == nil {
		return 0
	}
	return remaining(max(0, end.Sub(d.Now())))
}
