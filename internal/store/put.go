package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sealform/forms"
	"sealform/keys"
)

// inMemory is how much of one submission's files and mails may wait in memory for its
// own transaction; the rest is staged.
const inMemory = 256 << 10

// Put keeps a submission and returns after the commit is on disk: its row, session keys,
// number, leaf, idempotency token and waiting mails become visible together, or not at
// all. Large parts come first, in chunks that nothing refers to.
//
// It answers forms.ErrFull, ErrIDTaken, ErrReferenceTaken, *ErrReused as those say;
// forms.ErrUnknown whenever the same submission may be tried again with the same token;
// and the error of a part that could not be sealed.
func (s *Store) Put(ctx context.Context, sub *forms.Submission) (forms.Kept, error) {
	a, err := s.arrive(ctx, sub)
	if err != nil {
		return forms.Kept{}, fmt.Errorf("keeping a submission: %w", err)
	}
	if len(sub.Files) > 0 {
		if kept, found, err := s.seenBefore(ctx, sub); found || err != nil {
			return kept, err
		}
	}
	kept, err := a.put(ctx)
	a.release(err == nil && !kept.Repeat)
	if err != nil {
		return forms.Kept{}, err
	}
	return kept, nil
}

// arrival is one submission on its way in.
type arrival struct {
	s        *Store
	sub      *forms.Submission
	form     int64
	data     []byte
	hash     [32]byte
	keys     []packet
	files    []*part
	fileKeys [][]packet
	mails    []*part
	to       []string // JSON, by mail
	room     int
	size     int64
}

// packet is a session key as it is stored.
type packet struct{ reader, bytes []byte }

func (s *Store) arrive(ctx context.Context, sub *forms.Submission) (*arrival, error) {
	if err := s.disk.room(); err != nil {
		return nil, err
	}
	if sub.ID <= 0 {
		return nil, errors.New("a submission's id must be positive")
	}
	a := &arrival{s: s, sub: sub, room: inMemory}
	var err error
	if a.form, err = s.formID(ctx, sub.Form); err != nil {
		return nil, err
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
		reader, err := hex.DecodeString(string(k.Reader))
		if err != nil || len(reader) == 0 {
			return nil, errors.New("a session key names no reader")
		}
		out[i] = packet{reader, k.Packet}
	}
	return out, nil
}

// put stages the large parts and commits the rest.
func (a *arrival) put(ctx context.Context) (forms.Kept, error) {
	if err := a.stage(ctx); err != nil {
		return forms.Kept{}, fmt.Errorf("keeping a part of a submission: %w", err)
	}
	now := a.s.cfg.Now()
	var kept forms.Kept
	err := a.s.w.write(ctx, len(a.data)+inMemory-a.room, func(b *batch) (err error) {
		kept, err = a.keep(b, now)
		return err
	})
	if err != nil {
		return forms.Kept{}, retryable(err)
	}
	return kept, nil
}

// retryable turns every fault of the database into ErrUnknown: whether or not it was
// kept, the same token may be tried again.
func retryable(err error) error {
	var reused *forms.ErrReused
	for _, known := range []error{forms.ErrUnknown, forms.ErrIDTaken, forms.ErrReferenceTaken, context.Canceled, context.DeadlineExceeded, ErrClosed} {
		if errors.Is(err, known) {
			return err
		}
	}
	if errors.As(err, &reused) || errors.Is(err, forms.ErrFull) {
		return err
	}
	return fmt.Errorf("keeping a submission: %w: %w", forms.ErrUnknown, err)
}

// stage seals files and mails, one after the other, into memory or chunks.
func (a *arrival) stage(ctx context.Context) error {
	for _, f := range a.sub.Files {
		sk, err := packets(f.SessionKeys())
		if err != nil {
			return err
		}
		p := a.part(ctx)
		a.files, a.fileKeys = append(a.files, p), append(a.fileKeys, sk)
		if err := a.fill(p, f.WriteData(p)); err != nil {
			return err
		}
		a.size += p.size
	}
	for _, m := range a.sub.Mails {
		to, err := json.Marshal(m.To)
		if err != nil {
			return err
		}
		p := a.part(ctx)
		a.mails, a.to = append(a.mails, p), append(a.to, string(to))
		_, err = m.Body.WriteTo(p)
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
		return p.err
	}
	if err != nil {
		return err
	}
	if !p.spills {
		a.room -= len(p.buf)
	}
	return p.finish()
}

func (a *arrival) release(linked bool) {
	for _, p := range append(a.files, a.mails...) {
		p.release(linked)
	}
}

// keep writes the submission in one transaction.
func (a *arrival) keep(b *batch, now time.Time) (forms.Kept, error) {
	seq, err := b.next(a.form)
	if err != nil {
		return forms.Kept{}, err
	}
	insert := a.row
	if !a.sub.Stored {
		insert = a.trace
	}
	n, err := insert(b, seq)
	if err != nil {
		return forms.Kept{}, err
	}
	if n == 0 {
		return decide(b.get, a.sub)
	}
	if err := a.parts(b, seq, now); err != nil {
		return forms.Kept{}, err
	}
	b.gave(a.form, a.sub.Stored)
	return forms.Kept{Reference: a.sub.Reference, Received: millis(a.sub.Received.UnixMilli())}, nil
}

// row inserts a kept submission, unless its id or reference was used before.
func (a *arrival) row(b *batch, seq int64) (int64, error) {
	sub := a.sub
	leaf := a.s.leaf(leafKept, sub.Form, sub.ID, seq, a.hash[:])
	return b.exec(`
		insert into submission (id, form, state, seq, received, reference, files, size, revision, token, content, sealed_hash, leaf, data)
		select $1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
		where not exists (select 1 from tombstone where id = $1)
		  and not exists (select 1 from tombstone where reference = $5)
		on conflict do nothing`,
		sub.ID, a.form, seq, sub.Received.UnixMilli(), sub.Reference, len(a.files), a.size, sub.Revision[:],
		sub.Token[:], sub.Content[:], a.hash[:], leaf, a.data)
}

// trace inserts what stays of a submission that is only mailed.
func (a *arrival) trace(b *batch, seq int64) (int64, error) {
	sub := a.sub
	leaf := a.s.leaf(leafMailed, sub.Form, sub.ID, seq, a.hash[:])
	return b.exec(`
		insert into tombstone (id, form, seq, received, reference, erased, why, token, content, sealed_hash, leaf)
		select $1, $2, $3, $4, $5, $4, $6, $7, $8, $9, $10
		where not exists (select 1 from submission where id = $1)
		  and not exists (select 1 from submission where reference = $5)
		on conflict do nothing`,
		sub.ID, a.form, seq, sub.Received.UnixMilli(), sub.Reference, WhyMailed,
		sub.Token[:], sub.Content[:], a.hash[:], leaf)
}

// parts inserts what belongs to the row: session keys, files, mails.
func (a *arrival) parts(b *batch, seq int64, now time.Time) error {
	if err := insertKeys(b, a.sub.ID, a.keys); err != nil {
		return err
	}
	for i, p := range a.files {
		upload, chunks, err := p.link(b, now)
		if err != nil {
			return err
		}
		if err := insertKeys(b, upload, a.fileKeys[i]); err != nil {
			return err
		}
		_, err = b.exec(`insert into file (submission, n, upload, chunks, size) values ($1, $2, $3, $4, $5)`,
			a.sub.ID, i, upload, chunks, p.size)
		if err != nil {
			return err
		}
	}
	for i, m := range a.sub.Mails {
		if err := a.mail(b, i, m, seq, now); err != nil {
			return err
		}
	}
	return nil
}

// mail inserts a waiting mail. Its id is its body's.
func (a *arrival) mail(b *batch, i int, m forms.Mail, seq int64, now time.Time) error {
	id, chunks, err := a.mails[i].link(b, now)
	if err != nil {
		return err
	}
	_, err = b.exec(`
		insert into outbox (id, submission, form, reference, seq, recipients, message_id, received, attempts, due, lease, chunks, size, last_error)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, 0, $10, $11, '')`,
		id, a.sub.ID, a.form, a.sub.Reference, seq, a.to[i], m.MessageID, a.sub.Received.UnixMilli(), now.UnixMilli(),
		chunks, a.mails[i].size)
	return err
}

func insertKeys(b *batch, message int64, keys []packet) error {
	for _, k := range keys {
		_, err := b.exec(`insert into session_key (message, reader, packet) values ($1, $2, $3)`, message, k.reader, k.bytes)
		if err != nil {
			return err
		}
	}
	return nil
}

// seenBefore asks before the files are staged, so that a repeat costs nothing. The
// transaction asks again.
func (s *Store) seenBefore(ctx context.Context, sub *forms.Submission) (kept forms.Kept, found bool, err error) {
	kept, err = decide(s.getter(ctx), sub)
	var no refused
	if errors.As(err, &no) {
		err = no.error
	}
	if errors.Is(err, forms.ErrReferenceTaken) { // or simply not there yet
		return forms.Kept{}, false, nil
	}
	return kept, err == nil, err
}

// decide says what a submission whose id or reference is there already comes to.
func decide(get func(string, []any, ...any) (bool, error), sub *forms.Submission) (forms.Kept, error) {
	var (
		reference      string
		received       int64
		token, content []byte
	)
	found, err := get(`
		select reference, received, token, content from submission where id = $1
		union all select reference, received, token, content from tombstone where id = $1`,
		[]any{sub.ID}, &reference, &received, &token, &content)
	switch {
	case err != nil:
		return forms.Kept{}, err
	case !found:
		return forms.Kept{}, refused{forms.ErrReferenceTaken}
	case !hmac.Equal(token, sub.Token[:]):
		return forms.Kept{}, refused{forms.ErrIDTaken}
	case !hmac.Equal(content, sub.Content[:]):
		return forms.Kept{}, refused{&forms.ErrReused{Reference: reference}}
	}
	return forms.Kept{Reference: reference, Received: millis(received), Repeat: true}, nil
}

// millis is a stored time.
func millis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// formID is a form's id here, given when it is first named.
func (s *Store) formID(ctx context.Context, name string) (int64, error) {
	if id, ok := s.forms.Load(name); ok {
		return id.(int64), nil
	}
	var id int64
	err := s.w.write(ctx, 0, func(b *batch) error {
		_, err := b.exec(`
			insert into form (id, name, seq, count_new, count_opened, count_done, count_spam)
			select coalesce(max(id), 0) + 1, $1, 0, 0, 0, 0, 0 from form where true
			on conflict do nothing`, name)
		if err != nil {
			return err
		}
		_, err = b.get(`select id from form where name = $1`, []any{name}, &id)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.forms.Store(name, id)
	return id, nil
}
