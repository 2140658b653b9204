package store

import (
	"context"
	"fmt"
	"slices"
)

// updateBatch is how many jobs one transaction changes at most, so that none keeps an arrival waiting long.
const updateBatch = 1000

// laterDue reads a form's jobs that wait for later, in the order of their ids.
const laterDue = `
	select id, cast(last_error as text) from outbox
	where form = $1 and state = 0 and id > $2 and due > $3 and channel != 'webhook' order by id limit $4`

// Hasten makes due at once what waits for later and failed last for one of those codes, and says how many jobs that
// were. Calls of webhooks stay as they are: their codes say nothing of the relay.
func (s *Store) Hasten(ctx context.Context, codes []string) (int, error) {
	of, err := s.waitingForms(ctx)
	if err != nil {
		return 0, fmt.Errorf("hastening what waits: %w", err)
	}
	total := 0
	for _, form := range of {
		n, err := s.hasten(ctx, form, codes)
		total += n
		if err != nil {
			return total, fmt.Errorf("hastening what waits: %w", err)
		}
	}
	return total, nil
}

func (s *Store) waitingForms(ctx context.Context) (of []int64, err error) {
	err = s.snapshot(ctx, func(r snapshot) (err error) { of, err = r.pilesOf(ctx, Waiting, nil); return err })
	return of, err
}

// hasten goes through one form's jobs, a batch after the other.
func (s *Store) hasten(ctx context.Context, form int64, codes []string) (total int, err error) {
	now := s.cfg.Now().UnixMilli()
	for last, seen := int64(0), updateBatch; seen == updateBatch; {
		var ids []int64
		seen = 0
		err := s.db.Each(ctx, laterDue, []any{form, last, now, updateBatch}, func(scan func(...any) error) error {
			var failed string
			if err := scan(&last, &failed); err != nil {
				return err
			}
			if seen++; slices.Contains(codes, currentCode(failed)) {
				ids = append(ids, last)
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		if len(ids) == 0 {
			continue
		}
		if err := s.write(ctx, 0, func(b *batch) error { return b.hasten(ids, now) }); err != nil {
			return total, err
		}
		total += len(ids)
	}
	return total, nil
}

func (b *batch) hasten(ids []int64, now int64) error {
	for _, id := range ids {
		if _, err := b.Exec(`update outbox set due = $2 where id = $1 and state = 0 and due > $2`, id, now); err != nil {
			return err
		}
	}
	return nil
}
