package store

import (
	"context"
	"slices"
)

// unawaited and unawaitedDead are the tallies of those that wait, and that were given up, and are not Awaited: the columns
// jobs_quiet and jobs_dead_quiet.
const (
	unawaited     = Aside + 1
	unawaitedDead = Aside + 2
)

// jobTally is by how many a form's jobs in each state grow.
type jobTally [unawaitedDead + 1]int64

// tallied is where a job is counted, but for its state.
type tallied struct {
	form    int64
	awaited bool
}

// count tallies n jobs more or fewer; Finish writes it. A state that only a tampered row can hold is not counted.
func (b *batch) count(in tallied, state JobState, n int64) {
	if state < Waiting || state > Aside {
		return
	}
	if b.tallies == nil {
		b.tallies = make(map[int64]jobTally, 1)
	}
	t := b.tallies[in.form]
	t[state] += n
	if !in.awaited && state == Waiting {
		t[unawaited] += n
	}
	if !in.awaited && state == Dead {
		t[unawaitedDead] += n
	}
	b.tallies[in.form] = t
}

// writeTallies writes what is still to be written.
func (b *batch) writeTallies() error {
	for form, n := range b.tallies {
		if n == (jobTally{}) {
			continue
		}
		_, err := b.Exec(`
			update form set jobs_waiting = jobs_waiting + $2, jobs_sent = jobs_sent + $3, jobs_dead = jobs_dead + $4,
				jobs_aside = jobs_aside + $5, jobs_quiet = jobs_quiet + $6, jobs_dead_quiet = jobs_dead_quiet + $7 where id = $1`,
			form, n[Waiting], n[Sent], n[Dead], n[Aside], n[unawaited], n[unawaitedDead])
		if err != nil {
			return err
		}
	}
	return nil
}

// formsWith are the forms with jobs in that state, of those named.
func (r snapshot) formsWith(ctx context.Context, state JobState, named []string) (of []int64, err error) {
	err = r.Each(ctx, formTallies, nil, func(scan func(...any) error) error {
		p, err := scanTally(scan)
		if p.n[state] > 0 && p.among(named) {
			of = append(of, p.form)
		}
		return err
	})
	return of, err
}

const formTallies = `select id, name, jobs_waiting, jobs_sent, jobs_dead, jobs_aside from form`

// formTally is how many jobs of a form there are.
type formTally struct {
	form int64
	name string
	n    jobTally
}

func scanTally(scan func(...any) error) (p formTally, err error) {
	err = scan(&p.form, &p.name, &p.n[Waiting], &p.n[Sent], &p.n[Dead], &p.n[Aside])
	return p, err
}

func (p formTally) among(named []string) bool { return named == nil || slices.Contains(named, p.name) }

// JobCounts counts the jobs of the forms named ("": those of none; nil: all of either kind) by state.
func (s *Store) JobCounts(ctx context.Context, forms []string) (out map[JobState]int64, err error) {
	defer explain(&err, "counting what goes out")
	out = map[JobState]int64{Waiting: 0, Sent: 0, Dead: 0, Aside: 0}
	return out, s.db.Each(ctx, formTallies, nil, func(scan func(...any) error) error {
		p, err := scanTally(scan)
		for state := range out {
			if p.among(forms) {
				out[state] += p.n[state]
			}
		}
		return err
	})
}
