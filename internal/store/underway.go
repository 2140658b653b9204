package store

import (
	"context"
	"fmt"
)

// UnderWay says whether a process has the job at this moment: it waits, and its lease has not run out. What such an
// attempt comes to decides when the job is due again, whatever RetryNow said meanwhile.
func (s *Store) UnderWay(ctx context.Context, id int64) (bool, error) {
	var n int
	now := s.cfg.Now().UnixMilli()
	if _, err := s.db.Get(ctx, `select count(*) from outbox where id = $1 and state = 0 and lease > $2`, []any{id, now}, &n); err != nil {
		return false, fmt.Errorf("asking whether a message is under way: %w", err)
	}
	return n > 0, nil
}
