package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"sealform/forms/record"
	"sealform/keys"
)

// inMemory is how much of one submission's files and mails may wait in memory for its
// own transaction; the rest is staged.
const inMemory = 256 << 10

// Put keeps a submission and returns after the commit is on disk: its row, session keys,
// number, leaf, idempotency token and what is to go out become visible together, or not at
// all. Large parts come first, in chunks that nothing refers to.
//
// It answers record.ErrFull, ErrIDTaken, ErrReferenceTaken, *ErrReused as those say;
// record.ErrUnknown whenever the same submission may be tried again with the same token;
// and the error of a part that could not be sealed.
func (s *Store) Put(ctx context.Context, sub *record.Submission) (record.Kept, error) {
	full := s.Room()
	if full != nil || len(sub.Files) > 0 { // a repeat needs no room, and no staging
		if kept, found, err := s.seenBefore(ctx, sub); found || err != nil {
			return kept, retryable(err)
		}
	}
	if full != nil {
		return record.Kept{}, full
	}
	a, err := s.arrive(ctx, sub)
	if err != nil {
		return record.Kept{}, fmt.Errorf("keeping a submission: %w", err)
	}
	kept, err := a.put(ctx)
	a.release(err == nil && !kept.Repeat)
	if err != nil {
		return record.Kept{}, err
	}
	if !kept.Repeat {
		s.recordNumbersSoon(1)
	}
	return kept, nil
}

// arrival is one submission on its way in.
type arrival struct {
	s        *Store
	sub      *record.Submission
	form     int64
	data     []byte
	hash     [32]byte
	keys     []packet
	files    []*part
	fileKeys [][]packet
	mails    []*part  // nil: too large to be mailed
	jobIDs   [2]int64 // the first and the last of what is to go out; 0: nothing
	room     int
	size     int64
}

// packet is a session key as it is stored.
type packet struct{ reader, bytes []byte }

func (s *Store) arrive(ctx context.Context, sub *record.Submission) (*arrival, error) {
	if sub.ID <= 0 {
		return nil, errors.New("a submission's id must be positive")
	}
	a := &arrival{s: s, sub: sub, room: inMemory}
	var err error
	if a.form, err = s.formID(ctx, sub.Form); err != nil {
		return nil, retryable(err)
	}
	if sub.Stored {
		a.data = sub.Answers.Data()
		a.size = int64(len(a.data))
		if a.keys, err = packets(sub.Answers.SessionKeys()); err != nil {
			return nil, err
		}
	}
	a.hash = sha256.Sum256(a.data)
	return a, nil
}

// packets turns fingerprints into the bytes they are stored as.
func packets(sk []keys.SessionKey) ([]packet, error) {
	out := make([]packet, len(sk))
	for i, k := range sk {
		reader, err := fingerprintBytes(k.Reader)
		if err != nil {
			return nil, err
		}
		out[i] = packet{reader, k.Packet}
	}
	return out, nil
}

// put stages the large parts and commits the rest.
func (a *arrival) put(ctx context.Context) (record.Kept, error) {
	if err := a.stage(ctx); err != nil {
		return record.Kept{}, fmt.Errorf("keeping a part of a submission: %w", err)
	}
	now := a.s.cfg.Now()
	var kept record.Kept
	err := a.s.write(ctx, len(a.data)+inMemory-a.room, func(b *batch) (err error) {
		kept, err = a.keep(b, now)
		return err
	})
	if err != nil {
		return record.Kept{}, retryable(err)
	}
	return kept, nil
}

// decided are the answers of Put that mean what they say.
var decided = []error{
	record.ErrFull, record.ErrUnknown, record.ErrIDTaken, record.ErrReferenceTaken,
	context.Canceled, context.DeadlineExceeded, ErrClosed, errTooLarge,
}

// retryable turns every other fault, of the database, into ErrUnknown: whether or not it
// was kept, the same token may be tried again.
func retryable(err error) error {
	var reused *record.ErrReused
	if err == nil || errors.As(err, &reused) {
		return err
	}
	for _, known := range decided {
		if errors.Is(err, known) {
			return err
		}
	}
	return fmt.Errorf("keeping a submission: %w: %w", record.ErrUnknown, err)
}

// stage seals files and mails, one after the other, into memory or chunks.
func (a *arrival) stage(ctx context.Context) error {
	for _, f := range a.sub.Files {
		sk, err := packets(f.SessionKeys())
		if err != nil {
			return err
		}
		p := a.part(ctx)
		p.sum = sha256.New()
		a.files, a.fileKeys = append(a.files, p), append(a.fileKeys, sk)
		if err := a.fill(p, f.WriteData(p)); err != nil {
			return err
		}
		a.size += p.size
	}
	for _, m := range a.sub.Mails {
		if m.TooLarge {
			a.mails = append(a.mails, nil)
			continue
		}
		p := a.part(ctx)
		a.mails = append(a.mails, p)
		_, err := m.Body.WriteTo(p)
		if err := a.fill(p, err); err != nil {
			return err
		}
	}
	return nil
}

func (a *arrival) part(ctx context.Context) *part {
	return &part{s: a.s, ctx: ctx, room: a.room}
}

// fill ends a part that was written with err. The part's own error says more than what
// the sealing made of it.
func (a *arrival) fill(p *part, err error) error {
	if p.err != nil {
		return retryable(p.err)
	}
	if err != nil {
		return err
	}
	if !p.spills {
		a.room -= len(p.buf)
	}
	return retryable(p.finish())
}

func (a *arrival) release(linked bool) {
	for _, p := range append(a.files, a.mails...) {
		if p != nil {
			p.release(linked)
		}
	}
}
