package store

import (
	"context"
	"time"
)

// awaitedJob is true, in SQL, of a job that is Awaited.
const awaitedJob = `not (channel in ('alarm', 'receipt') or about = '` + AboutTest + `')`

// Awaited says whether an operator is to be told that the job does not get out. An alarm is not awaited, as one about it
// would go the same way, nor a receipt, which goes where a visitor wanted, nor a test, whose sender looks at how it went.
func (j *Job) Awaited() bool { return j.Channel != Alarm && j.Channel != Receipt && !j.IsTest() }

// IsTest says whether somebody tries a webhook out with the job.
func (j *Job) IsTest() bool { return j.About == AboutTest }

// Undelivered counts the awaited jobs that do not get out. It is read from columns that no MAC covers: a hint, which the
// list of deliveries verifies.
type Undelivered struct {
	GivenUp int64
	Waiting int64     // made before the time allowed, or in the future; counted by the tallies, also where their rows are gone
	Since   time.Time // when the oldest of those that wait was made; zero: not known
}

// mostFresh is how many of a form's newest waiting jobs are looked at for what is not late yet; the rest count as late
// once the oldest is.
const mostFresh = 1000

// revivedJob is true, in SQL, of a job that was made after its id was drawn; the others are made in the order of their ids.
// It stands for 1<<jobBits and uploadEpoch, and is the condition of the index outbox_revived to the letter: with parameters
// the index would not be used.
const revivedJob = `made > id / 4096 + 1577836800000`

// undeliveredJobs reads the tallies of each form with, where awaited jobs wait, when the oldest of them was made, and how
// many of them were made between $1 and $2, if the oldest was not; $3 is the first id that can be. Whatever waits, it
// reads a few rows of an index, and at most $4 jobs of the hour that is allowed. Where the rows of what waits are gone,
// the oldest is 0. A job of the future is not looked for behind an oldest that is fresh: within a minute the outbox makes it
// one of now (outbox.round calls ClampFuture).
const undeliveredJobs = `
	with tally as (
		select id as form_id, name, jobs_dead - jobs_dead_quiet as dead, jobs_waiting - jobs_quiet as waiting,
			coalesce(case when jobs_waiting > jobs_quiet then (
				select min(made) from (
					select * from (
						select made from outbox
						where form = form.id and state = 0 and not (` + revivedJob + `) and ` + awaitedJob + ` order by id limit 1) as first
					union all
					select * from (
						select made from outbox
						where form = form.id and state = 0 and ` + revivedJob + ` and ` + awaitedJob + ` order by made limit 1) as again
				) as either
			) end, 0) as oldest
		from form)
	select name, dead, waiting, cast(oldest as bigint),
		case when waiting > 0 and oldest not between $1 and $2 then (
			select count(*) from (
				select * from (
					select made, channel, about from outbox
					where form = form_id and state = 0 and id >= $3 and not (` + revivedJob + `) order by id desc limit $4) as newest
				union all
				select * from (
					select made, channel, about from outbox
					where form = form_id and state = 0 and ` + revivedJob + ` and made between $1 and $2 order by made desc limit $4) as again
			) as either where made between $1 and $2 and ` + awaitedJob + `
		) else waiting end
	from tally`

// Undelivered says how many awaited jobs of the forms named ("": those of none; nil: all of either kind) were given up, and
// how many wait that were made before first or after last. It costs the same however many wait.
func (s *Store) Undelivered(ctx context.Context, forms []string, first, last time.Time) (u Undelivered, err error) {
	defer explain(&err, "counting what does not get out")
	known := true
	args := []any{first.UnixMilli(), last.UnixMilli(), max(first.UnixMilli()-uploadEpoch, 0) << jobBits, mostFresh}
	err = s.db.Each(ctx, undeliveredJobs, args, func(scan func(...any) error) error {
		var p formTally
		var dead, waiting, oldest, fresh int64
		if err := scan(&p.name, &dead, &waiting, &oldest, &fresh); err != nil || !p.among(forms) {
			return err
		}
		u.GivenUp += dead
		if waiting <= fresh {
			return nil
		}
		u.Waiting += waiting - fresh
		known = known && fresh < mostFresh && oldest != 0
		if made := millis(oldest); u.Since.IsZero() || made.Before(u.Since) {
			u.Since = made
		}
		return nil
	})
	if !known {
		u.Since = time.Time{}
	}
	return u, err
}

// never is later than any job is made: all that wait were made before.
var never = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// Waiting says how many awaited jobs wait, and since when the oldest does (zero: none, or not known). It costs the same however many wait.
func (s *Store) Waiting(ctx context.Context) (n int64, oldest time.Time, err error) {
	u, err := s.Undelivered(ctx, nil, never, never)
	return u.Waiting, u.Since, err
}
