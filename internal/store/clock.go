package store

import (
	"context"
	"time"
)

// beginClock starts the trusted clock of a new database.
func (s *Store) beginClock(ctx context.Context) error {
	return s.do(ctx, "starting the clock", `insert into clock (id, witnessed) values (1, $1) on conflict do nothing`,
		s.cfg.Now().UnixMilli())
}

// Witnessed is the clock that erasing trusts, kept across restarts. It advances by at
// most twice the time that elapsed, by the caller's monotonic clock, since the last call,
// and never past now. So a clock that jumps ahead erases nothing, however far; one that
// was set right again is followed; and while the program does not run, its time falls
// behind, and it makes that good at double speed: downtime only delays erasing.
func (s *Store) Witnessed(ctx context.Context, elapsed time.Duration) (time.Time, error) {
	var seen int64
	err := s.transact(ctx, "reading the clock", func(b *batch) error {
		if _, err := b.Get(`select witnessed from clock where id = 1`, nil, &seen); err != nil {
			return err
		}
		seen = min(seen+2*max(elapsed, 0).Milliseconds(), s.cfg.Now().UnixMilli())
		_, err := b.Exec(`update clock set witnessed = $1 where id = 1`, seen)
		return err
	})
	if err != nil {
		return time.Time{}, err // where ctx ended first, the writer may still be at it
	}
	return millis(seen), nil
}

// clock checks that the clock is there, and not set back so far that nothing is erased for long.
func (v *verification) clock(ctx context.Context) error {
	var witnessed int64
	there, err := v.r.Get(ctx, `select witnessed from clock where id = 1`, nil, &witnessed)
	switch {
	case err != nil:
		return err
	case !there:
		v.found = append(v.found, "the clock that erasing goes by is missing")
	case !v.made.IsZero() && witnessed < v.made.UnixMilli():
		v.found = append(v.found, "the clock that erasing goes by stands before the making of the store")
	}
	return nil
}
