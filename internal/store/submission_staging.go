package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"hash"
	"time"

	"sealform/forms/record"
)

// chunkSize is the length of every chunk of an upload but the last.
const chunkSize = 128 << 10

// An upload's id has the sign bit set, so that it never meets a submission's; then 41
// bits of milliseconds since 2020, 10 random bits, and 12 bits that number its chunks.
// Ids grow with time, so that chunks are appended to their b-tree.
const (
	chunkBits    = 12
	chunkNumbers = 1<<chunkBits - 1
	randomBits   = 10
	lowest       = -1 << 63
)

var uploadEpoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// errTooLarge: a message with more chunks than an upload can number (512 MiB).
var errTooLarge = errors.New("message too large to store")

// newUpload draws an upload's id. It is greater than all there are, also if the clock
// was set back.
func (b *batch) newUpload(now time.Time) (int64, error) {
	var random [2]byte
	_, _ = rand.Read(random[:]) // never fails
	ms := max(now.UnixMilli()-uploadEpoch, 0)
	id := lowest + (ms<<randomBits|int64(binary.BigEndian.Uint16(random[:]))>>(16-randomBits))<<chunkBits
	var last int64
	if _, err := b.Get(`select coalesce(max(id), $1) from chunk`, []any{int64(lowest)}, &last); err != nil {
		return 0, err
	}
	return max(id, last|chunkNumbers+1), nil
}

// part is one sealed message on its way into chunks. What fits into the room it was
// given stays in memory for the submission's own transaction; more is committed chunk by
// chunk as it comes, each in a transaction shared with others, and nothing refers to it
// until it is linked.
type part struct {
	s    *Store
	ctx  context.Context //nolint:containedctx // a part lives as long as the Put it belongs to
	room int             // bytes that may stay in memory

	buf     []byte
	size    int64
	sum     hash.Hash // of a file's bytes; nil: not wanted
	spills  bool      // it is too large for its room
	id      int64     // of the upload; 0: nothing staged yet
	chunks  int       // staged
	counted int64     // bytes of the budget
	seen    time.Time
	err     error
}

// stored gives a file's row, but where the file lies.
func (p *part) stored() storedFile { return storedFile{size: p.size, hash: p.sum.Sum(nil)} }

// Write takes the next bytes of the message.
func (p *part) Write(b []byte) (int, error) {
	if p.sum != nil {
		p.sum.Write(b)
	}
	p.size += int64(len(b))
	p.buf = append(p.buf, b...)
	if len(p.buf) > p.room {
		p.spills = true
	}
	if !p.spills {
		return len(b), nil
	}
	return len(b), p.spill(false)
}

// spill stages the full chunks in memory or, at the end, all that is there.
func (p *part) spill(end bool) error {
	sent := 0
	for p.err == nil && (len(p.buf)-sent >= chunkSize || end && sent < len(p.buf)) {
		n := min(chunkSize, len(p.buf)-sent)
		p.err = p.stage(p.buf[sent : sent+n])
		sent += n
	}
	if p.err == nil && sent > 0 {
		p.buf = append(p.buf[:0], p.buf[sent:]...)
	}
	return p.err
}

// finish ends the message.
func (p *part) finish() error {
	if !p.spills {
		return nil
	}
	return p.spill(true)
}

// touch is how often an upload that grows slowly is marked as alive.
const touch = 10 * time.Minute

// stage commits one chunk.
func (p *part) stage(chunk []byte) error {
	if err := p.admit(len(chunk)); err != nil {
		return err
	}
	now := p.s.cfg.Now()
	mark := now.Sub(p.seen) >= touch
	var id int64
	err := p.s.write(p.ctx, len(chunk), func(b *batch) (err error) {
		if id, err = p.mark(b, now, mark); err != nil {
			return err
		}
		_, err = b.Exec(`insert into chunk (id, data) values ($1, $2)`, id|int64(p.chunks), chunk)
		return err
	})
	if err != nil {
		return err
	}
	p.id = id
	if mark {
		p.seen = now
	}
	p.chunks++
	return nil
}

// admit bounds what is on its way, of this message and of all.
func (p *part) admit(n int) error {
	if p.chunks > chunkNumbers {
		return errTooLarge
	}
	if err := p.s.Room(); err != nil {
		return err
	}
	if p.s.staged.Add(int64(n)) > p.s.cfg.StagingBudget {
		p.s.staged.Add(-int64(n))
		return record.ErrFull
	}
	p.counted += int64(n)
	return nil
}

// mark makes the upload's row, or says that it is still growing.
func (p *part) mark(b *batch, now time.Time, due bool) (int64, error) {
	if p.id == 0 {
		id, err := b.newUpload(now)
		if err == nil {
			_, err = b.Exec(`insert into upload (id, seen) values ($1, $2)`, id, now.UnixMilli())
		}
		return id, err
	}
	if !due {
		return p.id, nil
	}
	n, err := b.Exec(`update upload set seen = $2 where id = $1`, p.id, now.UnixMilli())
	if err == nil && n == 0 {
		err = errSwept
	}
	return p.id, err
}

// errSwept: an upload stood still for so long that it was taken for an orphan.
var errSwept = errors.New("the upload stood still for too long and was removed")

// link makes the part belong to what refers to it in the same transaction, and gives its
// upload and number of chunks.
func (p *part) link(b *batch, now time.Time) (upload int64, chunks int, err error) {
	if p.chunks > 0 {
		n, err := b.Exec(`delete from upload where id = $1 and seen > 0`, p.id)
		if err == nil && n == 0 {
			err = errSwept
		}
		return p.id, p.chunks, err
	}
	if upload, err = b.newUpload(now); err != nil {
		return 0, 0, err
	}
	for at := 0; at < len(p.buf); at += chunkSize {
		piece := p.buf[at:min(at+chunkSize, len(p.buf))]
		if _, err := b.Exec(`insert into chunk (id, data) values ($1, $2)`, upload|int64(chunks), piece); err != nil {
			return 0, 0, err
		}
		chunks++
	}
	return upload, chunks, nil
}

// release ends the part's share of the budget and, if it was not linked, removes what
// was staged. The writer takes things in order: a link whose outcome is not known yet is
// decided before.
func (p *part) release(linked bool) {
	p.s.staged.Add(-p.counted)
	if linked || p.id == 0 {
		return
	}
	_ = p.s.dropUpload(context.WithoutCancel(p.ctx), p.id) // what it leaves, Sweep finds
}
