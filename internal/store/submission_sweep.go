package store

import (
	"context"
	"errors"
	"time"
)

// orphaned is how long an upload may stand still before it is taken for an orphan.
const orphaned = time.Hour

// eraseChunks is how many chunks one transaction erases: secure_delete writes zeros over
// them, so that they cost as much as they did when they came.
const eraseChunks = 1 << 20 / chunkSize

// Sweep removes uploads that nothing refers to and that have stood still for an hour, and
// what an interrupted erasing left, and marks that no longer matter; then it records the forms' numbers.
// Call it hourly; Open does the removing. An upload still coming in, of this process or
// another, stays.
func (s *Store) Sweep(ctx context.Context) error {
	if err := s.sweep(ctx); err != nil {
		return err
	}
	return s.recordNumbers(ctx)
}

func (s *Store) sweep(ctx context.Context) (err error) {
	defer explain(&err, "sweeping the store")
	var ids []int64
	before := s.cfg.Now().Add(-orphaned).UnixMilli()
	err = s.db.Each(ctx, `select id from upload where seen < $1`, []any{before}, column(&ids))
	for _, id := range ids {
		err = errors.Join(err, s.dropUpload(ctx, id))
	}
	err = errors.Join(err, s.forget(ctx))
	if err == nil && s.traces.Load() {
		err = s.wipe(ctx)
	}
	return err
}

// dropUpload erases an upload that nothing refers to, in several transactions. It leaves
// one alone that has been linked.
func (s *Store) dropUpload(ctx context.Context, id int64) error {
	for last := false; !last; {
		err := s.write(ctx, eraseChunks*chunkSize, func(b *batch) error {
			if err := b.one(`update upload set seen = 0 where id = $1`, id); err != nil {
				return err
			}
			n, err := b.Exec(`delete from chunk where id in (select id from chunk where id between $1 and $2 limit $3)`,
				id, id|chunkNumbers, eraseChunks)
			if err != nil || n == eraseChunks {
				return err
			}
			last = true
			_, err = b.Exec(`delete from upload where id = $1`, id)
			return err
		})
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	s.traces.Store(true)
	return nil
}

// wipe leaves nothing of what was erased in the database's log. While a reader or another process is in the way it
// waits for the next Sweep.
func (s *Store) wipe(ctx context.Context) error {
	s.traces.Store(true)
	return asDrop(s.db.Wipe(ctx, func() { s.traces.Store(false) }))
}
