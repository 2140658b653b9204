package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// orphaned is how long an upload may stand still before it is taken for an orphan.
const orphaned = time.Hour

// eraseChunks is how many chunks one transaction erases: secure_delete writes zeros over
// them, so that they cost as much as they did when they came.
const eraseChunks = batchBytes / chunkSize

// Sweep removes uploads that nothing refers to and that have stood still for an hour, and
// what an interrupted erasing left, and marks that no longer matter; then it notes the forms' numbers in the audit record.
// Call it hourly; Open does the removing. An upload still coming in, of this process or
// another, stays.
func (s *Store) Sweep(ctx context.Context) error {
	if err := s.sweep(ctx); err != nil {
		return err
	}
	return s.noteNumbers(ctx)
}

func (s *Store) sweep(ctx context.Context) error {
	var ids []int64
	before := s.cfg.Now().Add(-orphaned).UnixMilli()
	err := s.each(ctx, `select id from upload where seen < $1`, []any{before}, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	for _, id := range ids {
		err = errors.Join(err, s.dropUpload(ctx, id))
	}
	err = errors.Join(err, s.forget(ctx))
	if err == nil && s.traces.Load() {
		err = s.wipe(ctx)
	}
	if err != nil {
		return fmt.Errorf("sweeping the store: %w", err)
	}
	return nil
}

// dropUpload erases an upload that nothing refers to, in several transactions. It leaves
// one alone that has been linked.
func (s *Store) dropUpload(ctx context.Context, id int64) error {
	for last := false; !last; {
		err := s.w.write(ctx, batchBytes, func(b *batch) error {
			if err := b.one(`update upload set seen = 0 where id = $1`, id); err != nil {
				return err
			}
			n, err := b.exec(`delete from chunk where id in (select id from chunk where id between $1 and $2 limit $3)`,
				id, id|chunkNumbers, eraseChunks)
			if err != nil || n == eraseChunks {
				return err
			}
			last = true
			_, err = b.exec(`delete from upload where id = $1`, id)
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

// wipe moves the WAL into the database and empties it, so that what was erased does not
// linger there. While a reader or another process is in the way it waits for the next
// Sweep.
func (s *Store) wipe(ctx context.Context) error {
	s.traces.Store(true)
	it := &item{alone: true, done: make(chan error, 1), do: func(b *batch) error {
		if _, err := b.exec(`pragma busy_timeout = 100`); err != nil {
			return err
		}
		var busy, frames, moved int
		_, err := b.get(`pragma wal_checkpoint(truncate)`, nil, &busy, &frames, &moved)
		if _, e := b.exec(`pragma busy_timeout = 10000`); e != nil {
			return errors.Join(err, e)
		}
		if err == nil && busy == 0 {
			s.traces.Store(false)
		}
		return err
	}}
	return s.w.hand(ctx, it)
}
