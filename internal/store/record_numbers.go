package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sealform/internal/audit"
)

// Between the hourly chores the forms' numbers are recorded once recordAfter submissions have come, at
// most every recordGap, and whenever something goes on recordEvery after the last time.
const (
	recordAfter = 100
	recordGap   = 10 * time.Second
	recordEvery = 10 * time.Minute
)

// numbersRecord is how far the audit record names the numbers that forms have given.
type numbersRecord struct {
	arrived atomic.Int64 // submissions, since the store was opened
	done    atomic.Int64 // how many of them had arrived when the numbers were last recorded
	begun   atomic.Int64 // how many had when that was last begun
	at      atomic.Int64 // when that was, in milliseconds

	running sync.WaitGroup
	closing sync.RWMutex
	closed  bool
}

// close lets no recording begin any more and waits for the one under way.
func (n *numbersRecord) close() {
	n.closing.Lock()
	n.closed = true
	n.closing.Unlock()
	n.running.Wait()
}

// recordNumbersSoon records the numbers where that is due. Nobody waits for it, and what fails here
// the hourly chore does again, and tells.
func (s *Store) recordNumbersSoon(arrived int64) {
	n := &s.numbers
	all, now, last := n.arrived.Add(arrived), s.cfg.Now().UnixMilli(), n.at.Load()
	since := time.Duration(now-last) * time.Millisecond
	if since >= 0 && since < recordEvery && (all-n.begun.Load() < recordAfter || since < recordGap) {
		return
	}
	if first := n.at.CompareAndSwap(last, now); !first {
		return
	}
	n.begun.Store(all)
	n.closing.RLock() // close must not miss it
	defer n.closing.RUnlock()
	if n.closed {
		return
	}
	n.running.Go(func() {
		if s.recordNumbers(context.Background()) == nil {
			n.done.Store(all)
		}
	})
}

// recordLastNumbers records the numbers before the store closes, if any were given here since they were
// last recorded: while nothing runs, nobody sees rows go. A recording under way may come too late.
func (s *Store) recordLastNumbers() error {
	all := s.numbers.arrived.Load()
	if all == s.numbers.done.Load() {
		return nil
	}
	err := s.recordNumbers(context.Background())
	if err == nil {
		s.numbers.done.Store(all)
	}
	if errors.Is(err, ErrClosed) {
		return nil // at the first Close it failed, and said so
	}
	return err
}

// errNothingNew ends a transaction that has nothing to record.
var errNothingNew = errors.New("nothing new")

// recordNumbers records how many numbers each form has given, unless the last such entry
// says the same: who then takes the newest rows away and lowers the count is found out.
func (s *Store) recordNumbers(ctx context.Context) error {
	err := s.record(ctx, "noting the forms' numbers", func(b *batch) error {
		now, err := b.numbersGiven()
		if err != nil {
			return err
		}
		var last string
		_, err = b.Get(`select about from audit where act = $1 order by n desc limit 1`, []any{audit.ActNumbersNoted}, &last)
		if err != nil {
			return err
		}
		var before []string
		if last != "" && json.Unmarshal([]byte(last), &before) != nil {
			before = nil // tampered with: its MAC tells
		}
		if slices.Equal(before, now) {
			return refuse(errNothingNew)
		}
		return b.append(s, audit.Entry{Who: audit.Self, Act: audit.ActNumbersNoted, About: now})
	})
	if errors.Is(err, errNothingNew) {
		return nil
	}
	return err
}

func (b *batch) numbersGiven() (given []string, err error) {
	err = b.Each(`select name, seq from form where seq > 0 order by name`, nil, func(scan func(...any) error) error {
		var name string
		var seq int64
		err := scan(&name, &seq)
		given = append(given, name+" "+strconv.FormatInt(seq, 10))
		return err
	})
	return given, err
}

// numbersRecorded reads what recordNumbers wrote.
func (v *verification) numbersRecorded(about []string) {
	for _, line := range about {
		name, number, _ := strings.Cut(line, " ")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			v.given[name] = max(v.given[name], n)
		}
	}
}
