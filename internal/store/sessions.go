package store

import (
	"context"
	"fmt"
	"time"
)

// AddSession begins a session, or takes an existing one to its stage.
func (s *Store) AddSession(ctx context.Context, x Session) error {
	return s.do(ctx, "adding a session", `
		insert into session (hash, account, stage, created, seen) values ($1, $2, $3, $4, $5)
		on conflict (hash) do update set stage = excluded.stage, seen = excluded.seen`,
		x.Hash[:], x.Account, x.Stage, x.Created.UnixMilli(), x.Seen.UnixMilli())
}

// Session gives a session and its account, which may be disabled. ErrNotFound.
func (s *Store) Session(ctx context.Context, hash [32]byte) (*Session, *Account, error) {
	x, a := &Session{Hash: hash}, &Account{}
	var begun, seen, retry, created int64
	ok, err := s.getter(ctx)(`
		select s.account, s.stage, s.created, s.seen,
			a.id, a.email, a.password, a.totp, a.totp_step, a.disabled, a.failures, a.retry, a.created
		from session s join account a on a.id = s.account where s.hash = $1`, []any{hash[:]},
		&x.Account, &x.Stage, &begun, &seen,
		&a.ID, &a.Email, &a.Password, &a.TOTP, &a.TOTPStep, &a.Disabled, &a.Failures, &retry, &created)
	if err != nil {
		return nil, nil, fmt.Errorf("reading a session: %w", err)
	}
	if !ok {
		return nil, nil, ErrNotFound
	}
	x.Created, x.Seen = millis(begun), millis(seen)
	a.Retry, a.Created = optional(retry), millis(created)
	return x, a, nil
}

// TouchSession says that a session was used; it never goes back.
func (s *Store) TouchSession(ctx context.Context, hash [32]byte, seen time.Time) error {
	return s.do(ctx, "touching a session", `update session set seen = $2 where hash = $1 and seen < $2`, hash[:], seen.UnixMilli())
}

// DropSession ends a session, if it is there.
func (s *Store) DropSession(ctx context.Context, hash [32]byte) error {
	return s.do(ctx, "ending a session", `delete from session where hash = $1`, hash[:])
}

// DropSessions ends all sessions of an account.
func (s *Store) DropSessions(ctx context.Context, account int64) error {
	return s.do(ctx, "ending sessions", `delete from session where account = $1`, account)
}

// SweepSessions ends those begun before created or last used before seen.
func (s *Store) SweepSessions(ctx context.Context, created, seen time.Time) error {
	return s.do(ctx, "ending old sessions", `delete from session where created < $1 or seen < $2`, created.UnixMilli(), seen.UnixMilli())
}
