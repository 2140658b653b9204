package store

import (
	"context"
	"crypto/hmac"
	"encoding/binary"
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

// jobColumns are what scanJob reads.
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

// referenceMarks are what a reference is made of. What else somebody wrote in its place is not repeated.
const referenceMarks = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
