package store

import (
	"context"
	"fmt"
	"slices"
)

// JobFilter chooses jobs: those in State, of the forms named ("": those of none; nil: all of either kind), older than the
// id Before (0: the newest).
type JobFilter struct {
	State  JobState
	Forms  []string
	Before int64
	Limit  int // 0: 50
}

// Jobs lists jobs, the newest first.
func (s *Store) Jobs(ctx context.Context, f JobFilter) (jobs []Job, err error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	if f.Before <= 0 {
		f.Before = 1<<63 - 1
	}
	err = s.snapshot(ctx, func(r snapshot) (err error) { jobs, err = s.jobs(ctx, r, f); return err })
	if err != nil {
		return nil, fmt.Errorf("listing what goes out: %w", err)
	}
	return jobs, nil
}

// newestJobs reads the index alone.
const newestJobs = `select id from outbox where state = $1 and form = $2 and id < $3 order by id desc limit $4`

const oneJob = `select ` + jobColumns + ` from outbox where id = $1`

// jobs takes the newest of each form, then of all, however many there are.
func (s *Store) jobs(ctx context.Context, r snapshot, f JobFilter) ([]Job, error) {
	of, err := r.pilesOf(ctx, f.State, f.Forms)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, form := range of {
		err := r.Each(ctx, newestJobs, []any{int(f.State), form, f.Before, f.Limit}, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	jobs := make([]Job, 0, min(f.Limit, len(ids)))
	for _, id := range ids[:min(f.Limit, len(ids))] {
		err := r.Each(ctx, oneJob, []any{id}, func(scan func(...any) error) error {
			j, err := s.scanJob(scan)
			jobs = append(jobs, j)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// pilesOf are the forms with jobs in that state, of those named.
func (r snapshot) pilesOf(ctx context.Context, state JobState, named []string) (of []int64, err error) {
	err = r.Each(ctx, formPiles, nil, func(scan func(...any) error) error {
		p, err := scanPiles(scan)
		if p.n[state] > 0 && p.among(named) {
			of = append(of, p.form)
		}
		return err
	})
	return of, err
}

const formPiles = `select id, name, jobs_waiting, jobs_sent, jobs_dead, jobs_aside, jobs_quiet from form`

// formPile is how many jobs of a form there are.
type formPile struct {
	form int64
	name string
	n    piles
}

func scanPiles(scan func(...any) error) (p formPile, err error) {
	err = scan(&p.form, &p.name, &p.n[Waiting], &p.n[Sent], &p.n[Dead], &p.n[Aside], &p.n[quiet])
	return p, err
}

func (p formPile) among(named []string) bool { return named == nil || slices.Contains(named, p.name) }

// JobCounts counts the jobs of the forms named ("": those of none; nil: all of either kind) by state.
func (s *Store) JobCounts(ctx context.Context, forms []string) (map[JobState]int64, error) {
	out := map[JobState]int64{Waiting: 0, Sent: 0, Dead: 0, Aside: 0}
	err := s.db.Each(ctx, formPiles, nil, func(scan func(...any) error) error {
		p, err := scanPiles(scan)
		for state := range out {
			if p.among(forms) {
				out[state] += p.n[state]
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("counting what goes out: %w", err)
	}
	return out, nil
}

// mostAttempts is how much of a job's log is shown.
const mostAttempts = 200

const newestAttempts = `select at, code from attempt where job = $1 order by n desc limit $2`

// Job gives one job with the log of its attempts, oldest first, the last 200 of them; ErrNotFound.
func (s *Store) Job(ctx context.Context, id int64) (*Job, []Attempt, error) {
	var job *Job
	var log []Attempt
	err := s.snapshot(ctx, func(r snapshot) error {
		err := r.Each(ctx, oneJob, []any{id}, func(scan func(...any) error) error {
			j, err := s.scanJob(scan)
			job = &j
			return err
		})
		if err != nil {
			return err
		}
		if job == nil {
			return ErrNotFound
		}
		return r.Each(ctx, newestAttempts, []any{id, mostAttempts},
			func(scan func(...any) error) error {
				var at int64
				var a Attempt
				err := scan(&at, &a.Code)
				a.At, a.Code = millis(at), currentCode(a.Code)
				log = append(log, a)
				return err
			})
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading what goes out: %w", err)
	}
	slices.Reverse(log)
	return job, log, nil
}

// RetryNow makes a job due at once: a waiting one earlier, one given up or put aside with a new five days, a sent one again. ErrNotFound
// for one that is not there, ErrDamaged for one whose body or address is gone.
func (s *Store) RetryNow(ctx context.Context, id int64) error {
	now := s.cfg.Now().UnixMilli()
	err := s.write(ctx, 0, func(b *batch) error {
		var of pile
		var state JobState
		var whole bool
		ok, err := b.Get(`
			select cast(form as bigint), `+quietJob+`, cast(state as bigint), (upload = 0 or exists (select 1 from chunk where chunk.id = upload))
				and (channel != 'receipt' or length(sealed) > 0)
			from outbox where id = $1`, []any{id}, &of.form, &of.quiet, &state, &whole)
		switch {
		case err != nil:
			return err
		case !ok:
			return refuse(ErrNotFound)
		case state == Waiting:
			_, err := b.Exec(`update outbox set due = $2 where id = $1 and due > $2`, id, now)
			return err
		case !whole:
			return refuse(ErrDamaged)
		}
		b.move(of, state, -1)
		b.move(of, Waiting, 1)
		_, err = b.Exec(`
			update outbox set state = 0, made = $2, due = $2, attempts = 0, lease = 0, ended = 0, last_error = '' where id = $1`,
			id, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("sending a message again: %w", err)
	}
	return nil
}

// RelaySize is the largest message that the relay takes, as a process that delivers last saw it; 0: not known or none.
func (s *Store) RelaySize(ctx context.Context) (n int64, err error) {
	if _, err = s.db.Get(ctx, `select size from relay where id = 1`, nil, &n); err != nil {
		return 0, fmt.Errorf("reading the relay's size: %w", err)
	}
	return n, nil
}

// SetRelaySize notes it.
func (s *Store) SetRelaySize(ctx context.Context, n int64) error {
	return s.do(ctx, "noting the relay's size", `
		insert into relay (id, size) values (1, $1) on conflict (id) do update set size = excluded.size`, n)
}
