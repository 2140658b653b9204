package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sealform/internal/audit"
)

// errNothingNew ends a transaction that has nothing to note.
var errNothingNew = errors.New("nothing new")

// Between the hourly chores the numbers are noted once noteAfter submissions have come, at
// most every noteGap, and whenever something goes on noteEvery after the last time.
const (
	noteAfter = 100
	noteGap   = 10 * time.Second
	noteEvery = 10 * time.Minute
)

// noteSoon notes the numbers where that is due. Nobody waits for it, and what fails here
// the hourly chore does again, and tells.
func (s *Store) noteSoon(arrived int64) {
	all, now, last := s.arrived.Add(arrived), s.cfg.Now().UnixMilli(), s.noted.Load()
	since := time.Duration(now-last) * time.Millisecond
	due := since < 0 || since >= noteEvery || all-s.tried.Load() >= noteAfter && since >= noteGap
	if !due || !s.noted.CompareAndSwap(last, now) {
		return
	}
	s.tried.Store(all)
	s.w.closing.RLock() // Close must not miss it
	defer s.w.closing.RUnlock()
	if !s.w.closed {
		s.notes.Go(func() {
			if s.noteNumbers(context.Background()) == nil {
				s.told.Store(all)
			}
		})
	}
}

// noteLast notes the numbers before the store closes, if any were given here since the
// last note: while nothing runs, nobody sees rows go. A note under way may come too late.
func (s *Store) noteLast() error {
	all := s.arrived.Load()
	if all == s.told.Load() {
		return nil
	}
	err := s.noteNumbers(context.Background())
	if err == nil {
		s.told.Store(all)
	}
	if errors.Is(err, ErrClosed) {
		return nil // at the first Close it failed, and said so
	}
	return err
}

// noteNumbers records how many numbers each form has given, unless the last such entry
// says the same: who then takes the newest rows away and lowers the count is found out.
func (s *Store) noteNumbers(ctx context.Context) error {
	err := s.record(ctx, func(b *batch) (link, error) {
		now, err := b.numbersGiven()
		if err != nil {
			return link{}, err
		}
		var last string
		_, err = b.get(`select about from audit where act = $1 order by n desc limit 1`, []any{audit.ActNumbersNoted}, &last)
		if err != nil {
			return link{}, err
		}
		var before []string
		if last != "" && json.Unmarshal([]byte(last), &before) != nil {
			before = nil // tampered with: its MAC tells
		}
		if slices.Equal(before, now) {
			return link{}, refused{errNothingNew}
		}
		return b.append(s, audit.Entry{Who: audit.Self, Act: audit.ActNumbersNoted, About: now})
	})
	if err != nil && !errors.Is(err, errNothingNew) {
		return fmt.Errorf("noting the forms' numbers: %w", err)
	}
	return nil
}

func (b *batch) numbersGiven() (given []string, err error) {
	err = b.each(`select name, seq from form where seq > 0 order by name`, nil, func(scan func(...any) error) error {
		var name string
		var seq int64
		err := scan(&name, &seq)
		given = append(given, name+" "+strconv.FormatInt(seq, 10))
		return err
	})
	return given, err
}

// note reads what noteNumbers wrote.
func (v *verification) note(about []string) {
	for _, line := range about {
		name, number, _ := strings.Cut(line, " ")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			v.noted[name] = max(v.noted[name], n)
		}
	}
}
