package viewer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"sealform/internal/audit"
	"sealform/internal/limit"
	"sealform/internal/store"
	"sealform/keys"
)

// attempt is one try to sign in.
type attempt struct {
	email    string
	password keys.Password
	device   string // the device cookie, as it came
	addr     netip.Addr
}

// SignIn checks e-mail and account password. Whatever the reason of a refusal, it takes one password hash and gives errWrong,
// or it takes none and gives *slowed or limit.ErrBusy. The token is that of a half signed-in session.
func (d *desk) SignIn(ctx context.Context, t attempt) (token string, err error) {
	t.email = strings.ToLower(strings.TrimSpace(t.email))
	if err := d.sitOut(ctx, t); err != nil {
		return "", err
	}
	leave, err := d.gate.Enter(ctx)
	if err != nil {
		d.Events.SignIn("password", 0, "busy")
		return "", err
	}
	defer leave()
	defer d.turn("account " + t.email)()
	account, err := d.account(ctx, t.email)
	if err != nil {
		return "", err
	}
	if wait := d.signInWait(account, t); wait > 0 {
		d.Events.SignIn("password", idOf(account), "slowed")
		return "", &slowed{wait}
	}
	right, err := d.passwordFits(account, t.password)
	if err != nil {
		return "", err
	}
	if !right {
		return "", d.failed(ctx, account, t, "password", errWrong)
	}
	d.Events.SignIn("password", account.ID, "ok")
	who := Staff{Account: account.ID, Email: account.Email}
	return d.renew(ctx, &who, 1)
}

// sitOut lets a short wait pass here, so that a person who mistyped once notices nothing of it.
func (d *desk) sitOut(ctx context.Context, t attempt) error {
	account, err := d.account(ctx, t.email)
	if err != nil {
		return err
	}
	if wait := d.signInWait(account, t); wait > 0 && wait <= shortWait {
		return d.pause(ctx, wait)
	}
	return nil
}

// account is nil, without an error, where there is none.
func (d *desk) account(ctx context.Context, email string) (*store.Account, error) {
	a, err := d.Store.Account(ctx, email)
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
func (d *desk) signInWait(a *store.Account, t attempt) time.Duration {
	if a == nil {
		return max(d.strangers.Wait(sha256.Sum256([]byte(t.email))), d.addresses.Wait(limit.Prefix(t.addr)))
	}
	if device, ok := d.knownDevice(a, t.device); ok {
		return d.devices.Wait(device)
	}
	return max(a.Retry.Sub(d.Now()), d.addresses.Wait(limit.Prefix(t.addr)))
}

// passwordFits runs the hash exactly once, whether or not there is an account.
func (d *desk) passwordFits(a *store.Account, p keys.Password) (bool, error) {
	encoded := d.noHash
	if a != nil {
		encoded = a.Password
	}
	right, err := d.compare(p, encoded)
	if err != nil {
		return false, fmt.Errorf("checking an account password: %w", err)
	}
	return right && a != nil && !a.Disabled, nil
}

// failed counts a failure everywhere it counts and puts it on record, then gives why.
func (d *desk) failed(ctx context.Context, a *store.Account, t attempt, stage string, why error) error {
	d.Events.SignIn(stage, idOf(a), "wrong")
	if a == nil {
		d.addresses.Add(limit.Prefix(t.addr))
		d.strangers.Fail(sha256.Sum256([]byte(t.email)))
		return why
	}
	if device, ok := d.knownDevice(a, t.device); ok {
		d.devices.Add(device)
	} else {
		d.addresses.Add(limit.Prefix(t.addr))
	}
	if err := d.Store.Fail(ctx, a.ID, signInGrowth.After); err != nil {
		return fmt.Errorf("counting a failed sign-in: %w", err)
	}
	entry := audit.Entry{Who: a.Email, From: from(t.addr), Act: audit.ActSignInFailed}
	if err := d.Store.Audit(ctx, entry); err != nil {
		return fmt.Errorf("%w: %w", errRecord, err)
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
