package store

import (
	"context"
	"time"
)

// AddSession begins a session.
func (s *Store) AddSession(ctx context.Context, x Session) error {
	return s.do(ctx, "adding a session", `
		insert into session (hash, account, stage, created, seen, mac) values ($1, $2, $3, $4, $5, $6)`,
		x.Hash[:], x.Account, x.Stage, x.Created.UnixMilli(), x.Seen.UnixMilli(), nonNil(x.MAC))
}

// Session gives a session and its account, which may be disabled. ErrNotFound. Who can
// write the database can add a row: the caller must check the MAC.
func (s *Store) Session(ctx context.Context, hash [32]byte) (*Session, *Account, error) {
	x, a := &Session{Hash: hash}, (*Account)(nil)
	var begun, seen int64
	err := s.look(ctx, "reading a session", func(r snapshot) error {
		err := r.Each(ctx, `
			select `+accountColumns+`, s.account, s.stage, s.created, s.seen, s.mac
			from session s join account on account.id = s.account where s.hash = $1`, []any{hash[:]}, func(scan func(...any) error) (err error) {
			a, err = scanAccount(scan, &x.Account, &x.Stage, &begun, &seen, &x.MAC)
			return err
		})
		if err = found(a != nil, err); err != nil {
			return err
		}
		return s.trust(ctx, r, a)
	})
	if err != nil {
		return nil, nil, err
	}
	x.Created, x.Seen = millis(begun), millis(seen)
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
