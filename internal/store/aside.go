package store

import (
	"context"
	"fmt"
)

// PutAside takes a job that was given up out of what people are told of. It stays, and can be sent again. One that is aside
// already is no error; ErrNotGivenUp for one that waits or was sent, ErrNotFound for one that is not there.
func (s *Store) PutAside(ctx context.Context, id int64) error {
	err := s.w.write(ctx, 0, func(b *batch) error {
		var form int64
		var state JobState
		ok, err := b.get(`select form, state from outbox where id = $1`, []any{id}, &form, &state)
		switch {
		case err != nil:
			return err
		case !ok:
			return refused{ErrNotFound}
		case state == Aside:
			return nil
		case state != Dead:
			return refused{ErrNotGivenUp}
		}
		b.move(form, Dead, -1)
		b.move(form, Aside, 1)
		_, err = b.exec(`update outbox set state = 3 where id = $1`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("putting a message aside: %w", err)
	}
	return nil
}
