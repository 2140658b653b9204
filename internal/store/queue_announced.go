package store

import (
	"context"
	"fmt"
	"time"
)

// Announced gives the last number of the form that was announced to the address by that channel, and when; 0 and zero for never.
func (s *Store) Announced(ctx context.Context, c Channel, form, to string) (seq int64, at time.Time, err error) {
	var ms int64
	_, err = s.db.Get(ctx, `
		select seq, at from told
		where channel = $1 and form = case when cast($2 as text) = '' then 0 else (select id from form where name = $2) end and address = $3`,
		[]any{string(c), form, to}, &seq, &ms)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("reading what was told: %w", err)
	}
	return seq, optional(ms), nil
}

// ResetAnnounced sets up to which number of the form the address was told by that channel, also to a lower one.
func (s *Store) ResetAnnounced(ctx context.Context, c Channel, form, to string, seq int64) error {
	id, err := s.formID(ctx, form)
	if err != nil {
		return fmt.Errorf("setting what was told: %w", err)
	}
	return s.do(ctx, "setting what was told", `
		insert into told (channel, form, address, seq, at) values ($1, $2, $3, $4, $5)
		on conflict (channel, form, address) do update set seq = excluded.seq, at = excluded.at`,
		string(c), id, to, seq, s.cfg.Now().UnixMilli())
}

// LastNumber gives the last number given to a form and, for that submission, its id; 0: none came yet.
func (s *Store) LastNumber(ctx context.Context, form string) (seq, id int64, err error) {
	_, err = s.db.Get(ctx, `select seq, last from form where name = $1`, []any{form}, &seq, &id)
	if err != nil {
		return 0, 0, fmt.Errorf("reading a form's last number: %w", err)
	}
	return seq, id, nil
}
