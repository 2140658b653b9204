package store

import (
	"context"
	"errors"
)

// SetState moves a submission between states and the tally with it. ErrNotFound.
func (s *Store) SetState(ctx context.Context, id int64, to State) error {
	if to < New || to > Spam {
		return errors.New("no such state")
	}
	return s.transact(ctx, "changing a state", func(b *batch) error {
		var form int64
		var from State
		if err := b.find(`select form, state from submission where id = $1`, []any{id}, &form, &from); err != nil {
			return err
		}
		if from == to {
			return nil
		}
		if _, err := b.Exec(`update submission set state = $2 where id = $1`, id, int(to)); err != nil {
			return err
		}
		var tally tally
		tally.count(from, -1)
		tally.count(to, 1)
		return tally.apply(b, form)
	})
}

// tally is a change of one form's counts, by state.
type tally [Spam + 1]int64

// count ignores a state that a tampered row may hold.
func (t *tally) count(s State, n int64) {
	if s >= New && s <= Spam {
		t[s] += n
	}
}

func (t *tally) apply(b *batch, form int64) error {
	_, err := b.Exec(`
		update form set count_new = count_new + $2, count_opened = count_opened + $3,
			count_done = count_done + $4, count_spam = count_spam + $5
		where id = $1`, form, t[New], t[Opened], t[Done], t[Spam])
	return err
}
