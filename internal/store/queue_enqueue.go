package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// jobBits is how many bits of a job's id are drawn at random, behind 41 bits of milliseconds since 2020. An id is greater
// than all there are, so none is given twice, and one can't be guessed from another.
const jobBits = 12

const lastJob = `select coalesce(max(id), 0) from outbox`

// newJobs gives the first of n ids in a row.
func (b *batch) newJobs(n int, now time.Time) (int64, error) {
	if b.job == 0 {
		if _, err := b.Get(lastJob, nil, &b.job); err != nil {
			return 0, err
		}
	}
	var random [2]byte
	_, _ = rand.Read(random[:]) // never fails
	ms := max(now.UnixMilli()-uploadEpoch, 0)
	first := max(ms<<jobBits|int64(binary.BigEndian.Uint16(random[:]))>>(16-jobBits), b.job+1)
	b.job = first + int64(n) - 1
	return first, nil
}

// newMessageID is one without its domain, which the store does not know.
func newMessageID() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

// enqueue adds a waiting job of that form, due now, under its id and its MAC.
func (s *Store) enqueue(b *batch, j *Job, form int64, now time.Time) error {
	if j.MessageID == "" {
		j.MessageID = newMessageID()
	}
	_, err := b.Exec(`
		insert into outbox (id, channel, state, submission, form, reference, seq, address, message_id, received, made,
			attempts, due, lease, ended, upload, chunks, size, last_error, about, sealed, mac)
		values ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, 0, $10, 0, 0, $11, $12, $13, '', $14, $15, $16)`,
		j.ID, string(j.Channel), j.Submission, form, j.Reference, j.Seq, j.To, j.MessageID, j.Received.UnixMilli(), now.UnixMilli(),
		j.Upload, j.Chunks, j.Size, j.About, nonNil(j.Sealed), s.delivery(j))
	if err != nil {
		return err
	}
	b.count(tallied{form, j.Awaited()}, Waiting, 1)
	return nil
}

// Enqueue adds a job that belongs to no submission (an alarm, a test), due at once, and gives its id.
func (s *Store) Enqueue(ctx context.Context, j Job) (int64, error) {
	return s.enqueueIf(ctx, j, func(*batch, int64, time.Time) (bool, error) { return true, nil })
}

// enqueueIf adds a job where may, in the same transaction, says so, and gives its id; 0: there was nothing to say that was
// not said.
func (s *Store) enqueueIf(ctx context.Context, j Job, may func(b *batch, form int64, now time.Time) (bool, error)) (id int64, err error) {
	const what = "enqueuing a message"
	form, err := s.formID(ctx, j.Form)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	var added int64 // no named result: where ctx ends first, the writer may still be at it
	err = s.transact(ctx, what, func(b *batch) error {
		added = 0
		now := s.cfg.Now()
		ok, err := may(b, form, now)
		if err != nil || !ok {
			return err
		}
		if j.Received.IsZero() {
			j.Received = now
		}
		j.Upload, j.Chunks, j.Size = 0, 0, 0
		if j.ID, err = b.newJobs(1, now); err != nil {
			return err
		}
		added = j.ID
		return s.enqueue(b, &j, form, now)
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

// EnqueueUpTo adds a notice or digest for what came up to the number seq of its form, and notes that the address was
// told: both, or nothing when it had been told as much already (false), as another process may have done.
func (s *Store) EnqueueUpTo(ctx context.Context, j Job, seq int64) (bool, error) {
	id, err := s.enqueueIf(ctx, j, func(b *batch, form int64, now time.Time) (bool, error) {
		if seq <= 0 {
			return false, nil
		}
		n, err := b.Exec(`
			insert into told (channel, form, address, seq, at) values ($1, $2, $3, $4, $5)
			on conflict (channel, form, address) do update set seq = excluded.seq, at = excluded.at where told.seq < excluded.seq`,
			string(j.Channel), form, j.To, seq, now.UnixMilli())
		return n > 0, err
	})
	return id != 0, err
}

// Announced gives the last number of the form that was announced to the address by that channel, and when; 0 and zero for never.
func (s *Store) Announced(ctx context.Context, c Channel, form, to string) (seq int64, at time.Time, err error) {
	defer explain(&err, "reading what was told")
	var ms int64
	_, err = s.db.Get(ctx, `
		select seq, at from told
		where channel = $1 and form = case when cast($2 as text) = '' then 0 else (select id from form where name = $2) end and address = $3`,
		[]any{string(c), form, to}, &seq, &ms)
	return seq, optional(ms), err
}

// ResetAnnounced sets up to which number of the form the address was told by that channel, also to a lower one.
func (s *Store) ResetAnnounced(ctx context.Context, c Channel, form, to string, seq int64) error {
	id, err := s.formID(ctx, form)
	if err != nil {
		return fmt.Errorf("setting what was told: %w", err)
	}
	return s.do(ctx, "setting what was told", `
		insert into told (channel, form, address, seq, at) values ($1, $2, $3, $4, $5)
		on conflict (channel, form, address) do update set seq = excluded.seq, at = excluded.at`,
		string(c), id, to, seq, s.cfg.Now().UnixMilli())
}

// EnqueueOnce adds an alarm unless one with the same About went to the address within the time given, 90 days at most.
func (s *Store) EnqueueOnce(ctx context.Context, j Job, within time.Duration) (bool, error) {
	id, err := s.enqueueIf(ctx, j, func(b *batch, _ int64, now time.Time) (bool, error) {
		n, err := b.Exec(`
			insert into alarm (address, about, at) values ($1, $2, $3)
			on conflict (address, about) do update set at = excluded.at where alarm.at <= $4 or alarm.at > excluded.at`,
			j.To, j.About, now.UnixMilli(), now.Add(-within).UnixMilli())
		return n > 0, err
	})
	return id != 0, err
}

// forgetAlarms and forgetReceipts are how long marks of alarms and receipts are kept; a receipt's counts for one day.
const (
	forgetAlarms   = 90 * 24 * time.Hour
	forgetReceipts = 48 * time.Hour
)

// forget removes marks that no longer matter.
func (s *Store) forget(ctx context.Context) error {
	now := s.cfg.Now()
	return s.write(ctx, 0, func(b *batch) error {
		if _, err := b.Exec(`delete from alarm where at < $1`, now.Add(-forgetAlarms).UnixMilli()); err != nil {
			return err
		}
		_, err := b.Exec(`delete from receipt where at < $1`, now.Add(-forgetReceipts).UnixMilli())
		return err
	})
}

// LastNumber gives the last number given to a form and, for that submission, its id; 0: none came yet.
func (s *Store) LastNumber(ctx context.Context, form string) (seq, id int64, err error) {
	defer explain(&err, "reading a form's last number")
	_, err = s.db.Get(ctx, `select seq, last from form where name = $1`, []any{form}, &seq, &id)
	return seq, id, err
}
