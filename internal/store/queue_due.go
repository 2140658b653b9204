package store

import (
	"context"
	"slices"
	"time"
)

// updateBatch is how many jobs one transaction changes at most, so that none keeps an arrival waiting long.
const updateBatch = 1000

// laterDue reads a form's jobs that wait for later, in the order of their ids.
const laterDue = `
	select id, cast(last_error as text) from outbox
	where form = $1 and state = 0 and id > $2 and due > $3 and channel != 'webhook' order by id limit $4`

// RetryFailed makes due at once what waits for later and failed last for one of those codes, and says how many jobs that
// were. Calls of webhooks stay as they are: their codes say nothing of the relay.
func (s *Store) RetryFailed(ctx context.Context, codes []string) (total int, err error) {
	defer explain(&err, "retrying what waits")
	var of []int64
	err = s.snapshot(ctx, func(r snapshot) (err error) { of, err = r.formsWith(ctx, Waiting, nil); return err })
	if err != nil {
		return 0, err
	}
	for _, form := range of {
		n, err := s.retryFailed(ctx, form, codes)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// retryFailed goes through one form's jobs, a batch after the other.
func (s *Store) retryFailed(ctx context.Context, form int64, codes []string) (total int, err error) {
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
		if err := s.write(ctx, 0, func(b *batch) error { return b.dueNow(ids, now) }); err != nil {
			return total, err
		}
		total += len(ids)
	}
	return total, nil
}

func (b *batch) dueNow(ids []int64, now int64) error {
	for _, id := range ids {
		if _, err := b.Exec(`update outbox set due = $2 where id = $1 and state = 0 and due > $2`, id, now); err != nil {
			return err
		}
	}
	return nil
}

// longestDelay and longestLease are the most that a clock that was right can have written: a job is due an hour and a fifth
// after an attempt at the latest, and no lease is longer than minutes. clampedDelay is when one is due instead.
const (
	longestDelay = 2 * time.Hour
	longestLease = 30 * time.Minute
	clampedDelay = 75 * time.Minute
)

const mending = "mending the times of what waits"

// futureDue, futureMade and futureLease find what waits and has a time of the future. Each query reads an index, and of it
// little more than it gives; a time of a wrong type stands after all numbers, and is found too.
const (
	futureDue   = `select id from outbox where state = 0 and channel = $1 and due > $2 and (made > $2 or due > $3) limit $4`
	futureMade  = `select id from outbox where state = 0 and due != made and channel = $1 and made > $2 limit $3`
	futureLease = `select id from outbox where state = 0 and lease > $1 and lease > 0 limit $2`
)

// ClampFuture mends what a clock that ran ahead left in waiting jobs of those channels, as they would wait until it is
// right: one due more than two hours from now is due in 75 minutes, or now if it was never tried; a lease that ends more
// than half an hour from now ends now; one made later than now was made now. It writes nothing where nothing is wrong,
// and mends 1,000 of each at most: call it again.
func (s *Store) ClampFuture(ctx context.Context, channels []Channel, now time.Time) error {
	ids, err := s.future(ctx, channels, now)
	if err != nil || len(ids) == 0 {
		return err
	}
	return s.transact(ctx, mending, func(b *batch) error { return b.clamp(ids, now) })
}

func (s *Store) future(ctx context.Context, channels []Channel, now time.Time) (ids []int64, err error) {
	ms, far := now.UnixMilli(), now.Add(longestDelay).UnixMilli()
	err = s.look(ctx, mending, func(r snapshot) error {
		for _, c := range channels {
			if err := r.Each(ctx, futureDue, []any{string(c), ms, far, updateBatch}, column(&ids)); err != nil {
				return err
			}
			if err := r.Each(ctx, futureMade, []any{string(c), ms, updateBatch}, column(&ids)); err != nil {
				return err
			}
		}
		return r.Each(ctx, futureLease, []any{now.Add(longestLease).UnixMilli(), updateBatch}, column(&ids))
	})
	return ids, err
}

func (b *batch) clamp(ids []int64, now time.Time) error {
	for _, id := range ids {
		_, err := b.Exec(`
			update outbox set
				due = case when attempts = 0 and due > $2 then cast($2 as bigint) when due > $3 then cast($4 as bigint) else due end,
				lease = case when lease > $5 then cast($2 as bigint) else lease end,
				made = case when made > $2 then cast($2 as bigint) else made end
			where id = $1 and state = 0`,
			id, now.UnixMilli(), now.Add(longestDelay).UnixMilli(), now.Add(clampedDelay).UnixMilli(), now.Add(longestLease).UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}
