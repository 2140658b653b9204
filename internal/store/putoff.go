package store

import (
	"context"
	"fmt"
	"time"
)

// PutOff gives a job's lease back without an attempt: nothing is counted or logged, and it is due again at due. A job whose
// lease is not held any more is left to whoever has it.
func (s *Store) PutOff(ctx context.Context, id int64, held, due time.Time) error {
	err := s.write(ctx, 0, func(b *batch) error {
		_, err := b.Exec(`update outbox set due = $3, lease = 0 where id = $1 and lease = $2 and state = 0`,
			id, held.UnixMilli(), due.UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("putting a message off: %w", err)
	}
	return nil
}
