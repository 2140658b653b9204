package audit

import (
	"crypto/hmac"
	"fmt"
	"time"
)

// Walk checks a record entry by entry, in ascending order of Seq, and against its head.
// Findings are sentences for an operator; the first names the first bad entry.
type Walk struct {
	chain *Chain
	head  Head
	prev  [32]byte
	seq   int64
	last  time.Time
	found []string
}

// most bounds the findings of one walk: a record torn throughout is as clear after a hundred.
const most = 100

// Walk begins at the first entry. The head must have been read before the record, so
// that entries written meanwhile do not look cut.
func (c *Chain) Walk(head Head) *Walk { return &Walk{chain: c, head: head} }

// Next checks one entry as it is stored, and says whether it fits the one before. After a
// gap the entry that follows cannot be held against what came before it: the gap is what
// is reported.
func (w *Walk) Next(e Entry) (fits bool) {
	if e.Seq <= w.seq {
		w.report("entry %d comes twice", e.Seq)
		return false
	}
	if e.Seq > w.seq+1 {
		w.gap(e)
	} else if fits = w.chain.Fits(w.prev, e); !fits {
		w.report("entry %d was changed", e.Seq)
	}
	if e.Seq == 1 && e.Act != ActStoreMade {
		w.report("entry 1 does not say that the store was made: the record was begun anew")
	}
	if e.Seq == w.head.Count && !hmac.Equal(e.MAC[:], w.head.MAC[:]) {
		w.report("entry %d is not the one that was written: the head file names another", e.Seq)
	}
	if e.Act == ActHeadLost && len(e.About) > 0 {
		w.report("when entry %d was written, the head file was %s", e.Seq, e.About[0])
	}
	w.seq, w.prev, w.last = e.Seq, e.MAC, e.At
	return fits
}

// gap reports what is missing before e. An entry that says the head was ahead follows a
// tail that was cut.
func (w *Walk) gap(e Entry) {
	switch {
	case e.Act == ActHeadLost:
		w.report("the record ends at entry %d, but %d were written", w.seq, e.Seq-1)
	case e.Seq == w.seq+2:
		w.report("entry %d is missing", w.seq+1)
	default:
		w.report("entries %d to %d are missing", w.seq+1, e.Seq-1)
	}
}

// End gives all findings of the walk, those about the whole too; none: the record is whole.
func (w *Walk) End() []string {
	switch {
	case w.seq < w.head.Count:
		w.report("the record ends at entry %d, but %d were written", w.seq, w.head.Count)
	case w.seq == 0:
		w.report("the record is empty: even its first entry, that the store was made, is gone")
	}
	return w.found
}

// Last is the number and time of the last entry seen.
func (w *Walk) Last() (int64, time.Time) { return w.seq, w.last }

func (w *Walk) report(format string, args ...any) {
	if len(w.found) < most {
		w.found = append(w.found, fmt.Sprintf(format, args...))
	}
}
