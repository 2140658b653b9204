package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sealform/internal/audit"
)

// Delete erases one submission: row, session keys, files, what was sent of it and the visitor's
// address go; mails that wait or were given up are still to arrive, and stay. A tombstone stays,
// and the audit entry, which names the reference, is of the same commit.
// Without its session keys not even a reader can open what may linger elsewhere; chunks
// and the WAL are cleaned right after. ErrNotFound, or *Erased when it was done before.
func (s *Store) Delete(ctx context.Context, id int64, why string, e audit.Entry) error {
	const what = "erasing a submission"
	var x *erasing
	err := s.record(ctx, what, func(b *batch) error {
		x = &erasing{s: s, b: b, at: s.cfg.Now().UnixMilli(), why: why}
		if err := x.erasedBefore(id); err != nil {
			return err
		}
		if err := x.erase(id); err != nil {
			return err
		}
		e.Act = audit.ActErased
		return x.done(e)
	})
	if err != nil {
		return err
	}
	if err := s.clean(ctx, x.uploads); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// purgeBatch is how many submissions one transaction erases.
const purgeBatch = 100

// Purge erases a form's submissions received before the time given, one audit entry per
// batch, and says how many they were. Give it a time reckoned from Witnessed, so that a
// clock that jumps erases nothing.
func (s *Store) Purge(ctx context.Context, form string, before time.Time) (total int, err error) {
	defer explain(&err, "erasing old submissions")
	for {
		n, err := s.purge(ctx, form, before)
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}

func (s *Store) purge(ctx context.Context, form string, before time.Time) (int, error) {
	var ids []int64
	err := s.db.Each(ctx, `
		select s.id from submission s join form f on f.id = s.form
		where f.name = $1 and s.received < $2 order by s.received limit $3`,
		[]any{form, before.UnixMilli(), purgeBatch}, column(&ids))
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	var x *erasing
	err = s.record(ctx, "erasing a batch", func(b *batch) error {
		x = &erasing{s: s, b: b, at: s.cfg.Now().UnixMilli(), why: WhyPurged}
		for _, id := range ids {
			if err := x.erase(id); err != nil && !errors.Is(err, ErrNotFound) { // another process was first
				return err
			}
		}
		if len(x.references) == 0 {
			return refuse(ErrNotFound)
		}
		return x.done(audit.Entry{Who: audit.Self, Act: audit.ActPurged, About: []string{form}})
	})
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return len(x.references), s.clean(ctx, x.uploads)
}

// clean erases the chunks that erasing left, then empties the WAL.
func (s *Store) clean(ctx context.Context, uploads []int64) error {
	for _, id := range uploads {
		if err := s.dropUpload(ctx, id); err != nil {
			return err
		}
	}
	return s.wipe(ctx)
}

// erasing is one transaction's share.
type erasing struct {
	s          *Store
	b          *batch
	at         int64
	why        string
	references []string
	uploads    []int64
}

// erasedBefore is *Erased where a tombstone stands and the row is not back.
func (x *erasing) erasedBefore(id int64) error {
	e := &Erased{}
	var at int64
	ok, err := x.b.Get(`
		select reference, erased, why from tombstone where id = $1
		and not exists (select 1 from submission where id = $1)`, []any{id}, &e.Reference, &at, &e.Why)
	if err != nil || !ok {
		return err
	}
	e.At = millis(at)
	return refuse(e)
}

// erase takes one submission out and leaves its tombstone.
func (x *erasing) erase(id int64) error {
	var (
		form      int64
		state     State
		reference string
		jobs      [2]int64
		leaf      []byte
	)
	err := x.b.find(`select form, state, reference, first_job, last_job, leaf from submission where id = $1`, []any{id},
		&form, &state, &reference, &jobs[0], &jobs[1], &leaf)
	if err != nil {
		return err
	}
	if err := x.replace(id, tombstone{leaf, x.at, x.why}); err != nil {
		return err
	}
	if err := x.parts(id); err != nil {
		return err
	}
	if err := x.jobs(id, jobs); err != nil {
		return err
	}
	x.references = append(x.references, reference)
	var t tally
	t.count(state, -1)
	return t.apply(x.b, form)
}

// replace replaces the row by a tombstone, which is there already if the row was put back.
func (x *erasing) replace(id int64, end tombstone) error {
	_, err := x.b.Exec(`
		insert into tombstone (id, form, seq, received, reference, files, erased, why, revision, files_hash, token, content,
			sealed_hash, leaf, mac)
		select id, form, seq, received, reference, files, $2, $3, revision, files_hash, token, content, sealed_hash, leaf, $4
		from submission where id = $1
		on conflict do nothing`, id, end.erased, end.why, x.s.tombstoneMAC(end))
	if err != nil {
		return err
	}
	if _, err := x.b.Exec(`delete from submission where id = $1`, id); err != nil {
		return err
	}
	return x.b.dropKeys(id)
}

// dropKeys takes a sealed message's session keys away: nobody can open it then.
func (b *batch) dropKeys(message int64) error {
	_, err := b.Exec(`delete from session_key where message = $1`, message)
	return err
}

// parts takes files and their keys out; their chunks follow in clean.
func (x *erasing) parts(id int64) error {
	var uploads []int64
	if err := x.b.Each(`delete from file where submission = $1 returning upload`, []any{id}, column(&uploads)); err != nil {
		return err
	}
	for _, upload := range uploads {
		if err := x.b.dropKeys(upload); err != nil {
			return err
		}
		if err := x.b.discard(upload); err != nil {
			return err
		}
	}
	x.uploads = append(x.uploads, uploads...)
	return nil
}

// done records what was erased. The entry names every reference: verification asks for
// one where a tombstone stands.
func (x *erasing) done(e audit.Entry) error { return x.b.append(x.s, about(e, x.references...)) }
