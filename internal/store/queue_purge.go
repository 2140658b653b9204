package store

import (
	"context"
	"time"
)

// sentBefore reads the index of what was sent, from its oldest.
const sentBefore = `select id, cast(form as bigint) from outbox where state = 1 and ended < $1 order by ended limit $2`

// PurgeSent removes jobs that were sent before then, with their bodies and logs, and says how many. Give it a time
// reckoned from Witnessed, so that a clock that jumps removes nothing.
func (s *Store) PurgeSent(ctx context.Context, before time.Time) (total int, err error) {
	defer explain(&err, "removing what was sent")
	for {
		n, err := s.purgeSent(ctx, before)
		total += n
		if err != nil || n < purgeBatch {
			return total, err
		}
	}
}

func (s *Store) purgeSent(ctx context.Context, before time.Time) (int, error) {
	var uploads []int64
	var n int // no named result: where ctx ends first, the writer may still be at it
	err := s.write(ctx, 0, func(b *batch) error {
		uploads = nil
		var all []ended
		err := b.Each(sentBefore, []any{before.UnixMilli(), purgeBatch}, func(scan func(...any) error) error {
			x := ended{state: Sent}
			err := scan(&x.id, &x.form)
			all = append(all, x)
			return err
		})
		if err != nil {
			return err
		}
		for _, x := range all {
			upload, err := s.remove(b, x)
			if err != nil {
				return err
			}
			if upload != 0 {
				uploads = append(uploads, upload)
			}
		}
		n = len(all)
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, id := range uploads {
		if err := s.dropUpload(ctx, id); err != nil {
			return n, err
		}
	}
	return n, nil
}

// ended is a job that is to be removed.
type ended struct {
	id, form int64
	state    JobState
	channel  Channel
}

// remove takes a job out, with its log, and says which upload is left to dropUpload: its body, or 0. A row that was changed
// may name another's body, so what it names is left alone.
func (s *Store) remove(b *batch, x ended) (upload int64, err error) {
	j, _, err := s.job(b, x.id)
	if err != nil {
		return 0, err
	}
	if _, err := b.Exec(`delete from outbox where id = $1`, x.id); err != nil {
		return 0, err
	}
	if _, err := b.Exec(`delete from attempt where job = $1`, x.id); err != nil {
		return 0, err
	}
	b.count(tallied{x.form, x.channel == Receipt}, x.state, -1)
	if j.Changed || j.Upload == 0 {
		return 0, nil
	}
	return j.Upload, b.discard(j.Upload)
}

// discard hands an upload, no longer referred to, to dropUpload and, after a crash, to Sweep.
func (b *batch) discard(upload int64) error {
	_, err := b.Exec(`insert into upload (id, seen) values ($1, 0) on conflict (id) do update set seen = 0`, upload)
	return err
}

// jobsOf finds what goes out because of a submission: at its arrival, and the notice of it, if it was told by itself.
const jobsOf = `
	select id, cast(form as bigint), cast(state as bigint), cast(channel as text) from outbox where id between $1 and $2 and submission = $3
	union select id, cast(form as bigint), cast(state as bigint), cast(channel as text) from outbox where channel = 'notice' and submission = $3`

// jobs takes out what was sent of the submission and the visitor's address, with the receipt that waits for it. What
// else waits or was given up stays: erasing a submission does not stop its delivery.
func (x *erasing) jobs(submission int64, ids [2]int64) error {
	var all []ended
	err := x.b.Each(jobsOf, []any{ids[0], ids[1], submission},
		func(scan func(...any) error) error {
			var j ended
			err := scan(&j.id, &j.form, &j.state, &j.channel)
			all = append(all, j)
			return err
		})
	if err != nil {
		return err
	}
	for _, j := range all {
		if err := x.job(j); err != nil {
			return err
		}
	}
	return nil
}

func (x *erasing) job(j ended) error {
	switch {
	case j.state == Sent || j.channel == Receipt && j.state == Waiting:
		upload, err := x.s.remove(x.b, j)
		if err != nil {
			return err
		}
		if upload != 0 {
			x.uploads = append(x.uploads, upload)
		}
	case j.channel == Receipt:
		_, err := x.b.Exec(`update outbox set sealed = $2 where id = $1`, j.id, []byte{})
		return err
	}
	return nil
}
