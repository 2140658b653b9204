package store

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Claim leases up to n due jobs of those channels until lease, the longest due first. A job whose lease ran
// out, as after a crash, is due again: delivery is at least once.
func (s *Store) Claim(ctx context.Context, channels []Channel, n int, lease time.Time) ([]Job, error) {
	var jobs []Job
	now := s.cfg.Now().UnixMilli()
	err := s.transact(ctx, "claiming what is to go out", func(b *batch) error {
		jobs = nil
		ids, err := b.due(channels, now, n)
		if err != nil {
			return err
		}
		for _, id := range ids {
			err := b.Each(`update outbox set lease = $2 where id = $1 returning `+jobColumns, []any{id, lease.UnixMilli()},
				func(scan func(...any) error) error {
					j, err := s.scanJob(scan)
					jobs = append(jobs, j)
					return err
				})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}

// longestDue reads the index of what waits, and of the table only the rows it gives and those on lease before them.
const longestDue = `
	select id, cast(due as bigint) from outbox where state = 0 and channel = $1 and due <= $2 and lease <= $2
	order by due, id limit $3`

// due finds the jobs to claim: those of each channel first, as the index holds them, then of all.
func (b *batch) due(channels []Channel, now int64, n int) ([]int64, error) {
	type waiting struct{ id, due int64 }
	var all []waiting
	for _, c := range channels {
		err := b.Each(longestDue, []any{string(c), now, n}, func(scan func(...any) error) error {
			var w waiting
			err := scan(&w.id, &w.due)
			all = append(all, w)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b waiting) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id)) })
	all = slices.Compact(all) // a channel may be named twice
	ids := make([]int64, min(n, len(all)))
	for i := range ids {
		ids[i] = all[i].id
	}
	return ids, nil
}

// Extend moves the end of a job's lease from held to lease, for as long as its attempt is under way. ErrNotFound says
// that held is not the job's lease any more: another process has it, or it has ended.
func (s *Store) Extend(ctx context.Context, id int64, held, lease time.Time) error {
	return s.transact(ctx, "keeping a job's lease", func(b *batch) error {
		return b.one(`update outbox set lease = $3 where id = $1 and lease = $2 and state = 0`, id, held.UnixMilli(), lease.UnixMilli())
	})
}

// Postpone gives a job's lease back without an attempt: nothing is counted or logged, and it is due again at due. A job whose
// lease is not held any more is left to whoever has it.
func (s *Store) Postpone(ctx context.Context, id int64, held, due time.Time) error {
	return s.do(ctx, "putting a message off", `
		update outbox set due = $3, lease = 0 where id = $1 and lease = $2 and state = 0`, id, held.UnixMilli(), due.UnixMilli())
}

// UnderWay says whether a process has the job at this moment: it waits, and its lease has not run out. What such an
// attempt comes to decides when the job is due again, whatever RetryNow said meanwhile.
func (s *Store) UnderWay(ctx context.Context, id int64) (under bool, err error) {
	defer explain(&err, "asking whether a message is under way")
	now := s.cfg.Now().UnixMilli()
	return s.db.Get(ctx, `select id from outbox where id = $1 and state = 0 and lease > $2`, []any{id, now}, &id)
}
