package store

import (
	"context"
	"strings"
	"time"

	"sealform/internal/audit"
)

// AddAccount adds a person, who can sign in, and gives its id; the entry is of the same commit. ErrExists.
func (s *Store) AddAccount(ctx context.Context, a Account, e audit.Entry) (int64, error) {
	var id int64
	err := s.record(ctx, "adding an account", func(b *batch) error {
		added, err := b.Get(`
			insert into account (id, email, password, totp, totp_step, disabled, failures, retry, created)
			select coalesce(max(id), 0) + 1, $1, $2, $3, $4, 0, 0, 0, $5 from account where true
			on conflict do nothing returning id`,
			[]any{strings.ToLower(a.Email), a.Password, nonNil(a.TOTP), a.TOTPStep, s.cfg.Now().UnixMilli()}, &id)
		if err != nil {
			return err
		}
		if !added {
			return refuse(ErrExists)
		}
		e.Act = audit.ActAccountAdded
		return b.appendAccount(s, id, e)
	})
	if err != nil {
		return 0, err // where ctx ended first, the writer may still be at it
	}
	return id, nil
}

// nonNil keeps an empty value from being a null.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Account finds a person by e-mail address, in any case. ErrNotFound. Here as wherever an account is read: one that the
// record does not vouch for is disabled.
func (s *Store) Account(ctx context.Context, email string) (*Account, error) {
	return firstAccount(s.accounts(ctx, `select `+accountColumns+` from account where email = $1`, storable(strings.ToLower(email))))
}

// AccountByID is ErrNotFound when there is none.
func (s *Store) AccountByID(ctx context.Context, id int64) (*Account, error) {
	return firstAccount(s.accounts(ctx, `select `+accountColumns+` from account where id = $1`, id))
}

// Accounts gives all, by e-mail address.
func (s *Store) Accounts(ctx context.Context) ([]Account, error) {
	return s.accounts(ctx, `select `+accountColumns+` from account order by email`)
}

func firstAccount(all []Account, err error) (*Account, error) {
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, ErrNotFound
	}
	return &all[0], nil
}

func (s *Store) accounts(ctx context.Context, query string, args ...any) (out []Account, err error) {
	err = s.look(ctx, "reading accounts", func(r snapshot) error {
		err := r.Each(ctx, query, args, func(scan func(...any) error) error {
			a, err := scanAccount(scan)
			out = append(out, *a)
			return err
		})
		if err != nil {
			return err
		}
		for i := range out {
			if err := s.trust(ctx, r, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

const accountColumns = `account.id, email, password, totp, totp_step, disabled, failures, retry, account.created`

// scanAccount reads accountColumns, behind them what else is asked for.
func scanAccount(scan func(...any) error, more ...any) (*Account, error) {
	a := &Account{}
	var retry, created int64
	err := scan(append([]any{
		&a.ID, &a.Email, &a.Password, &a.TOTP, &a.TOTPStep, &a.Disabled, &a.Failures, &retry, &created,
	}, more...)...)
	a.Retry, a.Created = optional(retry), millis(created)
	return a, err
}

// optional is a stored time of which 0 is none.
func optional(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return millis(ms)
}

// SetCredentials replaces password and TOTP secret, clears failures and the last TOTP
// step, and drops the account's sessions. ErrNotFound.
func (s *Store) SetCredentials(ctx context.Context, id int64, password string, totp []byte, e audit.Entry) error {
	e.Act = audit.ActAccountReset
	return s.change(ctx, id, e, `
		update account set password = $2, totp = $3, totp_step = 0, failures = 0, retry = 0 where id = $1`,
		id, password, nonNil(totp))
}

// SetDisabled lets a person sign in no more, or again; its sessions end. ErrNotFound.
func (s *Store) SetDisabled(ctx context.Context, id int64, disabled bool, e audit.Entry) error {
	value := 0
	e.Act = audit.ActAccountEnabled
	if disabled {
		value = 1
		e.Act = audit.ActAccountDisabled
	}
	return s.change(ctx, id, e, `update account set disabled = $2 where id = $1`, id, value)
}

// change alters an account, ends its sessions and records it in one commit.
func (s *Store) change(ctx context.Context, id int64, e audit.Entry, query string, args ...any) error {
	return s.record(ctx, "changing an account", func(b *batch) error {
		if err := b.one(query, args...); err != nil {
			return err
		}
		if _, err := b.Exec(`delete from session where account = $1`, id); err != nil {
			return err
		}
		return b.appendAccount(s, id, e)
	})
}

// appendAccount names the account in the entry and, where it is made or reset, its row.
func (b *batch) appendAccount(s *Store, id int64, e audit.Entry) error {
	a := &Account{ID: id}
	_, err := b.Get(`select email, password, totp from account where id = $1`, []any{id}, &a.Email, &a.Password, &a.TOTP)
	if err != nil {
		return err
	}
	e = about(e, a.Email)
	if e.Act == audit.ActAccountAdded || e.Act == audit.ActAccountReset {
		e = about(e, s.accountRow(a))
	}
	return b.append(s, e)
}

// UseTOTPStep records a step as used: false if it, or a later one, was used before. Of
// two that come at once with the same step, one gets true.
func (s *Store) UseTOTPStep(ctx context.Context, id, step int64) (bool, error) {
	var n int64
	err := s.transact(ctx, "using a code", func(b *batch) (err error) {
		n, err = b.Exec(`update account set totp_step = $2 where id = $1 and totp_step < $2`, id, step)
		return err
	})
	return err == nil && n == 1, err
}

// Fail counts a failed sign-in and sets Retry to now and what retry says for so many in
// a row. The count outlives a restart. ErrNotFound.
func (s *Store) Fail(ctx context.Context, id int64, retry func(failures int) time.Duration) error {
	_, err := s.countFailure(ctx, retry, id,
		`update account set failures = failures + 1 where id = $1 returning failures`,
		`update account set retry = $2 where id = $1`)
	return err
}

// countFailure counts one more of whom id names, by the first statement, and has it wait, by the second.
func (s *Store) countFailure(ctx context.Context, retry func(failures int) time.Duration, id any, count, wait string) (int, error) {
	var failures int
	err := s.transact(ctx, "counting a failure", func(b *batch) error {
		if err := b.find(count, []any{id}, &failures); err != nil {
			return err
		}
		_, err := b.Exec(wait, id, s.cfg.Now().Add(retry(failures)).UnixMilli())
		return err
	})
	if err != nil {
		return 0, err // where ctx ended first, the writer may still be at it
	}
	return failures, nil
}

// Succeed clears the failures.
func (s *Store) Succeed(ctx context.Context, id int64) error {
	return s.do(ctx, "clearing failures", `update account set failures = 0, retry = 0 where id = $1`, id)
}
