package store

import (
	"context"
	"fmt"
)

// PutAside takes a job that was given up out of what people are told of. It stays, and can be sent again, but for a receipt:
// the visitor's address is wiped. One that is aside already is no error; ErrNotGivenUp for one that waits or was sent,
// ErrNotFound for one that is not there.
func (s *Store) PutAside(ctx context.Context, id int64) error {
	var wiped bool
	err := s.write(ctx, 0, func(b *batch) error {
		var of pile
		var state JobState
		ok, err := b.Get(`select cast(form as bigint), `+quietJob+`, cast(state as bigint), length(sealed) > 0 from outbox where id = $1`, []any{id},
			&of.form, &of.quiet, &state, &wiped)
		switch {
		case err != nil:
			return err
		case !ok:
			return refuse(ErrNotFound)
		case state == Aside:
			return nil
		case state != Dead:
			return refuse(ErrNotGivenUp)
		}
		b.move(of, Dead, -1)
		b.move(of, Aside, 1)
		_, err = b.Exec(`update outbox set state = 3, sealed = $2 where id = $1`, id, []byte{})
		return err
	})
	if err != nil {
		return fmt.Errorf("putting a message aside: %w", err)
	}
	if wiped {
		s.traces.Store(true)
	}
	return nil
}
