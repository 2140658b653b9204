package store

import (
	"cmp"
	"context"
	"crypto/hmac"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
)

// delivery is the MAC over a job: what goes to whom, because of what. How far it has got is outside: state, due, lease,
// attempts, made, ended, last error and log change all the time. So is a receipt's address, which is wiped: it is sealed for
// its submission alone.
func (s *Store) delivery(j *Job) []byte {
	b := make([]byte, 0, 512) // in one piece: an arrival has little time
	for _, n := range [...]int64{j.ID, j.Submission, j.Seq, j.Received.UnixMilli(), j.Upload, int64(j.Chunks), j.Size} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // two's complement, only to be hashed
	}
	for _, t := range [...]string{string(j.Channel), j.Form, j.Reference, j.To, j.MessageID, j.About} {
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(t))), t...)
	}
	m := s.mac("delivery")
	m.Write(b)
	return m.Sum(nil)
}

// jobColumns are the columns that scanJob reads.
const jobColumns = `id, channel, state, submission, coalesce((select name from form where form.id = outbox.form), ''), reference,
	seq, address, sealed, about, message_id, received, made, attempts, due, ended, upload, chunks, size, last_error, mac`

// scanJob reads a job, and whether it is as this program wrote it.
func (s *Store) scanJob(scan func(...any) error) (Job, error) {
	var j Job
	var l lenient
	var channel string
	var state, received, made, attempts, due, ended, chunks int64
	var mac []byte
	err := scan(l.number(&j.ID), l.text(&channel), l.number(&state), l.number(&j.Submission), l.text(&j.Form), l.text(&j.Reference),
		l.number(&j.Seq), l.text(&j.To), l.bytes(&j.Sealed), l.text(&j.About), l.text(&j.MessageID), l.number(&received), l.number(&made),
		l.number(&attempts), l.number(&due), l.number(&ended), l.number(&j.Upload), l.number(&chunks), l.number(&j.Size),
		l.text(&j.LastError), l.bytes(&mac))
	j.Channel, j.State, j.Attempts, j.Chunks = Channel(channel), JobState(state), int(attempts), int(chunks)
	j.Received, j.Made, j.Due, j.Ended = millis(received), millis(made), millis(due), optional(ended)
	j.LastError = currentCode(j.LastError)
	if len(j.Sealed) == 0 {
		j.Sealed = nil
	}
	j.Changed = l.wrong || !hmac.Equal(mac, s.delivery(&j))
	return j, err
}

// currentCode is a stored code in the spelling of today. Before schema 2 its words were joined by dashes.
func currentCode(stored string) string { return strings.ReplaceAll(stored, "-", "_") }

// job reads one; found is false when it is not there.
func (s *Store) job(b *batch, id int64) (j Job, found bool, err error) {
	err = b.Each(oneJob, []any{id}, func(scan func(...any) error) (err error) {
		j, err = s.scanJob(scan)
		found = true
		return err
	})
	return j, found, err
}

// JobFilter chooses jobs: those in State, of the forms named ("": those of none; nil: all of either kind), older than the
// id Before (0: the newest).
type JobFilter struct {
	State  JobState
	Forms  []string
	Before int64
	Limit  int // 0: 50
}

// Jobs lists jobs, the newest first.
func (s *Store) Jobs(ctx context.Context, f JobFilter) (jobs []Job, err error) {
	f.Limit, f.Before = cmp.Or(f.Limit, 50), cmp.Or(f.Before, math.MaxInt64)
	err = s.look(ctx, "listing what goes out", func(r snapshot) (err error) { jobs, err = s.jobs(ctx, r, f); return err })
	return jobs, err
}

// newestJobs reads the index alone.
const newestJobs = `select id from outbox where state = $1 and form = $2 and id < $3 order by id desc limit $4`

const oneJob = `select ` + jobColumns + ` from outbox where id = $1`

// jobs takes the newest of each form, then of all, however many there are.
func (s *Store) jobs(ctx context.Context, r snapshot, f JobFilter) ([]Job, error) {
	of, err := r.formsWith(ctx, f.State, f.Forms)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, form := range of {
		if err := r.Each(ctx, newestJobs, []any{int(f.State), form, f.Before, f.Limit}, column(&ids)); err != nil {
			return nil, err
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	jobs := make([]Job, 0, min(f.Limit, len(ids)))
	for _, id := range ids[:min(f.Limit, len(ids))] {
		err := r.Each(ctx, oneJob, []any{id}, func(scan func(...any) error) error {
			j, err := s.scanJob(scan)
			jobs = append(jobs, j)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// mostAttempts is how much of a job's log is shown.
const mostAttempts = 200

const newestAttempts = `select at, code from attempt where job = $1 order by n desc limit $2`

// Job gives one job with the log of its attempts, oldest first, the last 200 of them; ErrNotFound.
func (s *Store) Job(ctx context.Context, id int64) (*Job, []Attempt, error) {
	var job *Job
	var log []Attempt
	err := s.look(ctx, "reading what goes out", func(r snapshot) error {
		err := r.Each(ctx, oneJob, []any{id}, func(scan func(...any) error) error {
			j, err := s.scanJob(scan)
			job = &j
			return err
		})
		if err != nil {
			return err
		}
		if job == nil {
			return ErrNotFound
		}
		return r.Each(ctx, newestAttempts, []any{id, mostAttempts},
			func(scan func(...any) error) error {
				var at int64
				var a Attempt
				err := scan(&at, &a.Code)
				a.At, a.Code = millis(at), currentCode(a.Code)
				log = append(log, a)
				return err
			})
	})
	if err != nil {
		return nil, nil, err
	}
	slices.Reverse(log)
	return job, log, nil
}

// RelaySize is the largest message that the relay takes, as a process that delivers last saw it; 0: not known or none.
func (s *Store) RelaySize(ctx context.Context) (n int64, err error) {
	defer explain(&err, "reading the relay's size")
	_, err = s.db.Get(ctx, `select size from relay where id = 1`, nil, &n)
	return n, err
}

// SetRelaySize notes it.
func (s *Store) SetRelaySize(ctx context.Context, n int64) error {
	return s.do(ctx, "noting the relay's size", `
		insert into relay (id, size) values (1, $1) on conflict (id) do update set size = excluded.size`, n)
}

// deliveries checks what goes out, or went, against its MACs. It misses no row that is gone.
func (v *verification) deliveries(ctx context.Context) error {
	found := 0
	return v.r.Each(ctx, `select `+jobColumns+` from outbox order by id`, nil, func(scan func(...any) error) error {
		j, err := v.s.scanJob(scan)
		if err != nil || !j.Changed {
			return err
		}
		if found++; found > mostNumbers {
			return nil
		}
		of := ""
		if strings.Trim(j.Reference, referenceMarks) == "" && j.Reference != "" {
			of = " of submission " + j.Reference
		}
		v.found = append(v.found, "delivery "+strconv.FormatUint(uint64(j.ID), 36)+of+" was changed") //nolint:gosec // bits, whatever they mean
		return nil
	})
}

// referenceMarks are the characters of a reference. What else somebody wrote in its place is not repeated.
const referenceMarks = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
