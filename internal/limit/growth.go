package limit

import "time"

// Growth is an exponential back-off, the wait after failures in a row: nothing for the first Free,
// then First, doubling up to Most. From the Last-th failure on it is Final, where
// Last is not zero.
type Growth struct {
	Free  int
	First time.Duration
	Most  time.Duration
	Last  int
	Final time.Duration
}

// After gives the wait that follows the given number of failures in a row.
func (g Growth) After(failures int) time.Duration {
	if g.Last > 0 && failures >= g.Last {
		return g.Final
	}
	n := failures - g.Free
	if n <= 0 {
		return 0
	}
	d := g.First
	for ; n > 1 && d < g.Most; n-- {
		d *= 2
	}
	return min(d, g.Most)
}
