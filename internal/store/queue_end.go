package store

import (
	"context"
	"time"
)

// ending is a job whose state changes.
type ending struct {
	tallied
	state  JobState
	sealed bool // it holds a visitor's address
	whole  bool // nothing that it needs to be sent is gone
}

const endingJob = `
	select cast(form as bigint), ` + awaitedJob + `, cast(state as bigint), length(sealed) > 0,
		(upload = 0 or exists (select 1 from chunk where chunk.id = upload)) and (channel != 'receipt' or length(sealed) > 0)
	from outbox where id = $1`

// ending reads one; found is false when it is not there.
func (b *batch) ending(id int64) (e ending, found bool, err error) {
	found, err = b.Get(endingJob, []any{id}, &e.form, &e.awaited, &e.state, &e.sealed, &e.whole)
	return e, found, err
}

// become counts the job in its new state.
func (b *batch) become(e ending, to JobState) {
	b.count(e.tallied, e.state, -1)
	b.count(e.tallied, to, 1)
}

// Sent says that a job is out, whoever holds its lease: its body stays, to be sent again, until PurgeSent; a visitor's
// address goes at once. A job that is gone, or was sent already, is no error: another process may have delivered it
// after this one's lease ran out.
func (s *Store) Sent(ctx context.Context, id int64) error {
	now := s.cfg.Now().UnixMilli()
	var wiped bool
	err := s.transact(ctx, "noting what was sent", func(b *batch) error {
		e, ok, err := b.ending(id)
		if err != nil || !ok {
			return err
		}
		wiped = e.sealed
		if e.state != Sent {
			b.become(e, Sent)
			if _, err := b.Exec(`update outbox set state = 1, ended = $2, lease = 0, sealed = $3 where id = $1`, id, now, []byte{}); err != nil {
				return err
			}
		}
		return b.log(id, now, "ok")
	})
	if err == nil && wiped {
		s.traces.Store(true)
	}
	return err
}

// log adds a line to a job's log.
func (b *batch) log(job, now int64, code string) error {
	_, err := b.Exec(`
		insert into attempt (job, n, at, code)
		select $1, coalesce(max(n), 0) + 1, $2, $3 from attempt where job = $1`, job, now, code)
	return err
}

// Retry counts and logs a failed attempt and gives the lease back; the job is due again at due.
// The code says why: one of the program's own words, never a server's. A job whose lease is not
// held any more is left to whoever has it.
func (s *Store) Retry(ctx context.Context, id int64, held, due time.Time, code string) error {
	now := s.cfg.Now().UnixMilli()
	return s.transact(ctx, "putting a message off", func(b *batch) error {
		n, err := b.Exec(`
			update outbox set attempts = attempts + 1, due = $3, lease = 0, last_error = $4
			where id = $1 and lease = $2 and state = 0`, id, held.UnixMilli(), due.UnixMilli(), code)
		if err != nil || n == 0 {
			return err
		}
		return b.log(id, now, code)
	})
}

// GiveUp gives a job up after an attempt that failed, to be kept: its state is Dead from now on. A job whose lease is not
// held any more is left alone.
func (s *Store) GiveUp(ctx context.Context, id int64, held time.Time, code string) error {
	return s.endAs(ctx, "giving a message up", id, held, Dead, code)
}

// End ends a receipt or a test for good after an attempt that failed: it is put aside at once, so that nobody is told of it,
// and a visitor's address is wiped, so that a receipt can't be sent again. A job whose lease is not held any more is left
// alone.
func (s *Store) End(ctx context.Context, id int64, held time.Time, code string) error {
	err := s.endAs(ctx, "ending a receipt", id, held, Aside, code)
	if err == nil {
		s.traces.Store(true)
	}
	return err
}

// endAs counts and logs a failed attempt that is the last, and moves the job to that state. What is put aside keeps no address
// of a visitor.
func (s *Store) endAs(ctx context.Context, what string, id int64, held time.Time, to JobState, code string) error {
	now := s.cfg.Now().UnixMilli()
	return s.transact(ctx, what, func(b *batch) error {
		var of tallied
		ok, err := b.Get(`
			update outbox set attempts = attempts + 1, state = $3, ended = $4, lease = 0, last_error = $5,
				sealed = case when cast($3 as bigint) = 3 then $6 else sealed end
			where id = $1 and lease = $2 and state = 0 returning cast(form as bigint), `+awaitedJob,
			[]any{id, held.UnixMilli(), int64(to), now, code, []byte{}}, &of.form, &of.awaited)
		if err != nil || !ok {
			return err
		}
		b.count(of, Waiting, -1)
		b.count(of, to, 1)
		return b.log(id, now, code)
	})
}

// PutAside takes a job that was given up out of what people are told of. It stays, and can be sent again, but for a receipt:
// the visitor's address is wiped. One that is aside already is no error; ErrNotGivenUp for one that waits or was sent,
// ErrNotFound for one that is not there.
func (s *Store) PutAside(ctx context.Context, id int64) error {
	var wiped bool
	err := s.transact(ctx, "putting a message aside", func(b *batch) error {
		e, ok, err := b.ending(id)
		switch {
		case err != nil:
			return err
		case !ok:
			return refuse(ErrNotFound)
		case e.state == Aside:
			return nil
		case e.state != Dead:
			return refuse(ErrNotGivenUp)
		}
		wiped = e.sealed
		b.become(e, Aside)
		_, err = b.Exec(`update outbox set state = 3, sealed = $2 where id = $1`, id, []byte{})
		return err
	})
	if err == nil && wiped {
		s.traces.Store(true)
	}
	return err
}

// RetryNow makes a job due at once: a waiting one earlier, one given up or put aside with a new five days, a sent one again. ErrNotFound
// for one that is not there, ErrDamaged for one whose body or address is gone.
func (s *Store) RetryNow(ctx context.Context, id int64) error {
	now := s.cfg.Now().UnixMilli()
	return s.transact(ctx, "sending a message again", func(b *batch) error {
		e, ok, err := b.ending(id)
		switch {
		case err != nil:
			return err
		case !ok:
			return refuse(ErrNotFound)
		case e.state == Waiting:
			_, err := b.Exec(`update outbox set due = $2 where id = $1 and due > $2`, id, now)
			return err
		case !e.whole:
			return refuse(ErrDamaged)
		}
		b.become(e, Waiting)
		_, err = b.Exec(`
			update outbox set state = 0, made = $2, due = $2, attempts = 0, lease = 0, ended = 0, last_error = '' where id = $1`,
			id, now)
		return err
	})
}
