package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// The last two piles are those of the jobs that wait, and that were given up, which no operator waits for.
const (
	quiet     = Aside + 1
	quietDead = Aside + 2
)

// piles are by how many a form's jobs in each state grow.
type piles [quietDead + 1]int64

// pile is where a job is counted, but for its state.
type pile struct {
	form  int64
	quiet bool
}

// move counts n jobs of a pile more or fewer; Finish writes it. A state that only a tampered row can hold is not counted.
func (b *batch) move(from pile, state JobState, n int64) {
	if state < Waiting || state > Aside {
		return
	}
	if b.moved == nil {
		b.moved = make(map[int64]piles, 1)
	}
	p := b.moved[from.form]
	p[state] += n
	if from.quiet && state == Waiting {
		p[quiet] += n
	}
	if from.quiet && state == Dead {
		p[quietDead] += n
	}
	b.moved[from.form] = p
}

// settle writes the outbox's counts that are still to be written.
func (b *batch) settle() error {
	for form, n := range b.moved {
		if n == (piles{}) {
			continue
		}
		_, err := b.Exec(`
			update form set jobs_waiting = jobs_waiting + $2, jobs_sent = jobs_sent + $3, jobs_dead = jobs_dead + $4,
				jobs_aside = jobs_aside + $5, jobs_quiet = jobs_quiet + $6, jobs_dead_quiet = jobs_dead_quiet + $7 where id = $1`,
			form, n[Waiting], n[Sent], n[Dead], n[Aside], n[quiet], n[quietDead])
		if err != nil {
			return err
		}
	}
	return nil
}

// Claim leases up to n due jobs of those channels until lease, the longest due first. A job whose lease ran
// out, as after a crash, is due again: delivery is at least once.
func (s *Store) Claim(ctx context.Context, channels []Channel, n int, lease time.Time) ([]Job, error) {
	var jobs []Job
	now := s.cfg.Now().UnixMilli()
	err := s.write(ctx, 0, func(b *batch) error {
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
		return nil, fmt.Errorf("claiming what is to go out: %w", err)
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
	err := s.write(ctx, 0, func(b *batch) error {
		return b.one(`update outbox set lease = $3 where id = $1 and lease = $2 and state = 0`, id, held.UnixMilli(), lease.UnixMilli())
	})
	if err != nil {
		return fmt.Errorf("keeping a job's lease: %w", err)
	}
	return nil
}

// Sent says that a job is out, whoever holds its lease: its body stays, to be sent again, until PurgeSent; a visitor's
// address goes at once. A job that is gone, or was sent already, is no error: another process may have delivered it
// after this one's lease ran out.
func (s *Store) Sent(ctx context.Context, id int64) error {
	now := s.cfg.Now().UnixMilli()
	var wiped bool
	err := s.write(ctx, 0, func(b *batch) error {
		var of pile
		var state JobState
		ok, err := b.Get(`
			select cast(form as bigint), `+quietJob+`, cast(state as bigint), length(sealed) > 0 from outbox where id = $1`,
			[]any{id}, &of.form, &of.quiet, &state, &wiped)
		if err != nil || !ok {
			return err
		}
		if state != Sent {
			b.move(of, state, -1)
			b.move(of, Sent, 1)
			if _, err := b.Exec(`update outbox set state = 1, ended = $2, lease = 0, sealed = $3 where id = $1`, id, now, []byte{}); err != nil {
				return err
			}
		}
		return b.log(id, now, "ok")
	})
	if err != nil {
		return fmt.Errorf("noting what was sent: %w", err)
	}
	if wiped {
		s.traces.Store(true)
	}
	return nil
}

// log adds a line to a job's log.
func (b *batch) log(job, now int64, code string) error {
	_, err := b.Exec(`
		insert into attempt (job, n, at, code)
		select $1, coalesce(max(n), 0) + 1, $2, $3 from attempt where job = $1`, job, now, code)
	return err
}

// Retry counts and logs a failed attempt and gives the lease back; the job is due again at due.
// The code says why: one of the program's own words, never a server's. A job whose lease is not
// held any more is left to whoever has it.
func (s *Store) Retry(ctx context.Context, id int64, held, due time.Time, code string) error {
	now := s.cfg.Now().UnixMilli()
	err := s.write(ctx, 0, func(b *batch) error {
		n, err := b.Exec(`
			update outbox set attempts = attempts + 1, due = $3, lease = 0, last_error = $4
			where id = $1 and lease = $2 and state = 0`, id, held.UnixMilli(), due.UnixMilli(), code)
		if err != nil || n == 0 {
			return err
		}
		return b.log(id, now, code)
	})
	if err != nil {
		return fmt.Errorf("putting a message off: %w", err)
	}
	return nil
}

// Bury gives a job up after an attempt that failed, to be kept: its state is Dead from now on. A job whose lease is not
// held any more is left alone.
func (s *Store) Bury(ctx context.Context, id int64, held time.Time, code string) error {
	return s.end(ctx, "giving a message up", id, held, Dead, code)
}

// Finish ends a receipt for good after an attempt that failed: it is put aside at once, so that nobody is told of it, and
// the visitor's address is wiped, so that it can't be sent again. A job whose lease is not held any more is left alone.
func (s *Store) Finish(ctx context.Context, id int64, held time.Time, code string) error {
	err := s.end(ctx, "ending a receipt", id, held, Aside, code)
	if err == nil {
		s.traces.Store(true)
	}
	return err
}

// end counts and logs a failed attempt that is the last, and moves the job to that state. What is put aside keeps no address
// of a visitor.
func (s *Store) end(ctx context.Context, what string, id int64, held time.Time, to JobState, code string) error {
	now := s.cfg.Now().UnixMilli()
	err := s.write(ctx, 0, func(b *batch) error {
		var of pile
		ok, err := b.Get(`
			update outbox set attempts = attempts + 1, state = $3, ended = $4, lease = 0, last_error = $5,
				sealed = case when cast($3 as bigint) = 3 then $6 else sealed end
			where id = $1 and lease = $2 and state = 0 returning cast(form as bigint), `+quietJob,
			[]any{id, held.UnixMilli(), int64(to), now, code, []byte{}}, &of.form, &of.quiet)
		if err != nil || !ok {
			return err
		}
		b.move(of, Waiting, -1)
		b.move(of, to, 1)
		return b.log(id, now, code)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
