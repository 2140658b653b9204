package store

import (
	"context"
	"fmt"
	"time"
)

// Finish ends a receipt for good after an attempt that failed: it is put aside at once, so that nobody is told of it, and
// the visitor's address is wiped, so that it can't be sent again. A job whose lease is not held any more is left alone.
func (s *Store) Finish(ctx context.Context, id int64, held time.Time, code string) error {
	now := s.cfg.Now().UnixMilli()
	err := s.w.write(ctx, 0, func(b *batch) error {
		var of pile
		ok, err := b.get(`
			update outbox set attempts = attempts + 1, state = 3, ended = $3, lease = 0, last_error = $4, sealed = $5
			where id = $1 and lease = $2 and state = 0 returning cast(form as bigint), `+quietJob, []any{id, held.UnixMilli(), now, code, []byte{}}, &of.form, &of.quiet)
		if err != nil || !ok {
			return err
		}
		b.move(of, Waiting, -1)
		b.move(of, Aside, 1)
		return b.log(id, now, code)
	})
	if err != nil {
		return fmt.Errorf("ending a receipt: %w", err)
	}
	s.traces.Store(true)
	return nil
}
