package store

import (
	"context"
	"time"
)

// JobFilter chooses jobs: those in State, of the forms named (nil: all, and those of none), older than the id Before (0: the newest).
type JobFilter struct {
	State  JobState
	Forms  []string
	Before int64
	Limit  int
}

// Jobs lists jobs, the newest first.
func (s *Store) Jobs(ctx context.Context, f JobFilter) ([]Job, error) { panic("contract") }

// JobCounts counts the jobs of the forms named (nil: all, and those of none) by state.
func (s *Store) JobCounts(ctx context.Context, forms []string) (map[JobState]int64, error) {
	panic("contract")
}

// Job gives one job with the log of its attempts, oldest first, the last 200 of them; ErrNotFound.
func (s *Store) Job(ctx context.Context, id int64) (*Job, []Attempt, error) { panic("contract") }

// RetryNow makes a job due at once: a waiting one earlier, a dead one with a new five days, a sent one again. ErrNotFound
// for one that is not there, ErrDamaged for a sent one whose body was purged.
func (s *Store) RetryNow(ctx context.Context, id int64) error { panic("contract") }

// Bury gives a job up, to be kept: its state is Dead from now on. A job whose lease is not held any more is left alone.
func (s *Store) Bury(ctx context.Context, id int64, held time.Time, code string) error {
	panic("contract")
}

// Enqueue adds a job that belongs to no submission (an alarm, a test), due at once, and gives its id.
func (s *Store) Enqueue(ctx context.Context, j Job) (int64, error) { panic("contract") }

// EnqueueUpTo adds a notice or digest for what came up to the number seq of its form, and notes that the address was
// told: both, or nothing when it had been told as much already (false), as another process may have done.
func (s *Store) EnqueueUpTo(ctx context.Context, j Job, seq int64) (bool, error) { panic("contract") }

// Told gives the last number of the form that the address was told by that channel, and when; 0 and zero for never.
func (s *Store) Told(ctx context.Context, c Channel, form, to string) (seq int64, at time.Time, err error) {
	panic("contract")
}

// EnqueueOnce adds an alarm unless one with the same About went to the address within the time given.
func (s *Store) EnqueueOnce(ctx context.Context, j Job, within time.Duration) (bool, error) {
	panic("contract")
}

// LastNumber gives the last number given to a form and, for that submission, its id; 0: none came yet.
func (s *Store) LastNumber(ctx context.Context, form string) (seq, id int64, err error) {
	panic("contract")
}

// PurgeSent removes jobs that were sent before then, with their bodies and logs, and says how many.
func (s *Store) PurgeSent(ctx context.Context, before time.Time) (int, error) { panic("contract") }

// RelaySize is the largest message that the relay takes, as a process that delivers last saw it; 0: not known or none.
func (s *Store) RelaySize(ctx context.Context) (int64, error) { panic("contract") }

// SetRelaySize notes it.
func (s *Store) SetRelaySize(ctx context.Context, n int64) error { panic("contract") }
