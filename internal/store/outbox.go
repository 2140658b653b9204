package store

import (
	"context"
	"fmt"
	"time"
)

// Claim leases up to n due jobs until lease, the longest due first. A job whose lease ran
// out, as after a crash, is due again: delivery is at least once.
func (s *Store) Claim(ctx context.Context, n int, lease time.Time) ([]Job, error) {
	var jobs []Job
	now := s.cfg.Now().UnixMilli()
	err := s.w.write(ctx, 0, func(b *batch) error {
		jobs = nil
		return b.each(`
			update outbox set lease = $2
			where id in (select id from outbox where due <= $1 and lease <= $1 order by due, id limit $3)
			returning id, (select name from form where form.id = outbox.form), reference, seq, address,
				message_id, received, attempts, chunks, size, last_error`,
			[]any{now, lease.UnixMilli(), n}, func(scan func(...any) error) error {
				j, err := scanJob(scan)
				jobs = append(jobs, j)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("claiming mails: %w", err)
	}
	return jobs, nil
}

func scanJob(scan func(...any) error) (Job, error) {
	var j Job
	var received int64
	err := scan(&j.ID, &j.Form, &j.Reference, &j.Seq, &j.To, &j.MessageID, &received, &j.Attempts, &j.Chunks, &j.Size, &j.LastError)
	j.Upload, j.Received = j.ID, millis(received)
	return j, err
}

// Extend moves the end of a job's lease from held to lease, for as long as its attempt is under way. ErrNotFound says
// that held is not the job's lease any more: another process has it, or it is gone.
func (s *Store) Extend(ctx context.Context, id int64, held, lease time.Time) error {
	err := s.w.write(ctx, 0, func(b *batch) error {
		return b.one(`update outbox set lease = $3 where id = $1 and lease = $2`, id, held.UnixMilli(), lease.UnixMilli())
	})
	if err != nil {
		return fmt.Errorf("keeping a mail's lease: %w", err)
	}
	return nil
}

// Sent removes a job and its body, whoever holds its lease: the message is out. A job that is gone
// already is no error: another process may have delivered it after this one's lease ran out.
func (s *Store) Sent(ctx context.Context, id int64) error {
	var there bool
	err := s.w.write(ctx, 0, func(b *batch) error {
		n, err := b.exec(`delete from outbox where id = $1`, id)
		if there = n > 0; err != nil || !there {
			return err
		}
		return b.discard(id)
	})
	if err == nil && there {
		err = s.dropUpload(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("removing a mail that was sent: %w", err)
	}
	return nil
}

// discard hands an upload, no longer referred to, to dropUpload and, after a crash, to Sweep.
func (b *batch) discard(upload int64) error {
	_, err := b.exec(`insert into upload (id, seen) values ($1, 0)`, upload)
	return err
}

// Retry counts a failed attempt and gives the lease back; the job is due again at due.
// The code says why: one of the program's own words, never a server's. A job whose lease is not
// held any more is left to whoever has it.
func (s *Store) Retry(ctx context.Context, id int64, held, due time.Time, code string) error {
	return s.do(ctx, "putting a mail off", `
		update outbox set attempts = attempts + 1, due = $3, lease = 0, last_error = $4 where id = $1 and lease = $2`,
		id, held.UnixMilli(), due.UnixMilli(), code)
}

// Waiting says how many mails wait and since when the oldest does (zero: none).
func (s *Store) Waiting(ctx context.Context) (n int64, oldest time.Time, err error) {
	var first int64
	_, err = s.getter(ctx)(`select count(*), coalesce(min(received), 0) from outbox`, nil, &n, &first)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("counting mails: %w", err)
	}
	return n, optional(first), nil
}
