package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/keys"
)

// millis is a stored time.
func millis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// Submission gives a row with all that opens it. It is ErrNotFound, or *Erased where a
// tombstone or the record says so (also when a row was put back), or ErrDamaged when what is stored is
// no sealed message. The caller must look at LeafOK.
func (s *Store) Submission(ctx context.Context, id int64) (sub *Submission, err error) {
	err = s.look(ctx, "reading a submission", func(r snapshot) (err error) { sub, err = s.submission(ctx, r, id); return err })
	return sub, err
}

func (s *Store) submission(ctx context.Context, r snapshot, id int64) (*Submission, error) {
	if err := s.erased(ctx, r, id); err != nil {
		return nil, err
	}
	x := &Submission{}
	p := &place{}
	var leaf, data []byte
	err := found(r.Get(ctx, `
		select s.id, f.name, s.state, s.seq, s.reference, s.received, s.files, s.size, s.revision, s.files_hash, s.sealed_hash, s.leaf, s.data
		from submission s join form f on f.id = s.form where s.id = $1`, []any{id},
		&p.id, &p.form, &x.State, &p.seq, &p.reference, &p.received, &p.files, &x.Size, &p.revision, &p.filesHash, &p.sealed, &leaf, &data))
	if err != nil {
		return nil, err
	}
	if err := s.back(ctx, r, p.reference); err != nil {
		return nil, err
	}
	if len(p.revision) != len(x.Revision) {
		return nil, ErrDamaged
	}
	x.ID, x.Form, x.Seq, x.Reference, x.Files = p.id, p.form, p.seq, p.reference, int(p.files)
	x.Received, x.Revision = millis(p.received), forms.Revision(p.revision)
	sum := sha256.Sum256(data)
	x.LeafOK = hmac.Equal(sum[:], p.sealed) && hmac.Equal(leaf, s.leaf(leafKept, p))
	if err := x.join(ctx, r, data); err != nil {
		return nil, err
	}
	return x, nil
}

// erased is *Erased where a tombstone stands for id, and ErrDamaged where that is not ours.
func (s *Store) erased(ctx context.Context, r snapshot, id int64) error {
	e, end := &Erased{}, tombstone{}
	var mac []byte
	ok, err := r.Get(ctx, `
		select reference, erased, why, leaf, mac, exists (select 1 from submission s where s.id = t.id)
		from tombstone t where id = $1`, []any{id}, &e.Reference, &end.erased, &end.why, &end.leaf, &mac, &e.Back)
	if err != nil || !ok {
		return err
	}
	if !hmac.Equal(mac, s.tombstoneMAC(end)) {
		return ErrDamaged
	}
	e.At, e.Why = millis(end.erased), end.why
	return e
}

// back is *Erased where the record says that the submission was, though its row is here.
func (s *Store) back(ctx context.Context, r snapshot, reference string) error {
	e := &Erased{Reference: reference, Back: true}
	var ok bool
	if err := s.projection(ctx, r, func(p *projection) { e.At, ok = p.wasErased(reference) }); err != nil || !ok {
		return err
	}
	return e
}

// join reads session keys and files and puts the answers together.
func (x *Submission) join(ctx context.Context, r snapshot, data []byte) error {
	sk, err := sessionKeys(ctx, r, x.ID)
	if err != nil {
		return err
	}
	for _, k := range sk {
		x.Readers = append(x.Readers, k.Reader)
	}
	if x.Answers, err = keys.JoinSealed(sk, data); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	err = r.Each(ctx, `select upload, chunks from file where submission = $1 order by n`, []any{x.ID},
		rows(&x.FileKeys, func(f *StoredFile) []any { return []any{&f.Upload, &f.Chunks} }))
	if err != nil {
		return err
	}
	for i := range x.FileKeys {
		f := &x.FileKeys[i]
		if f.SessionKeys, err = sessionKeys(ctx, r, f.Upload); err != nil {
			return err
		}
	}
	return nil
}

func sessionKeys(ctx context.Context, r snapshot, message int64) ([]keys.SessionKey, error) {
	var out []keys.SessionKey
	err := r.Each(ctx, `select reader, packet from session_key where message = $1 order by reader`, []any{message},
		func(scan func(...any) error) error {
			var reader, packet []byte
			err := scan(&reader, &packet)
			out = append(out, keys.SessionKey{Reader: fingerprint(reader), Packet: packet})
			return err
		})
	return out, err
}

// fingerprint is a stored one, as keys writes it.
func fingerprint(b []byte) keys.Fingerprint {
	return keys.Fingerprint(strings.ToUpper(hex.EncodeToString(b)))
}

// Chunk gives the n-th piece of an upload's message, from 0; io.EOF after the last.
func (s *Store) Chunk(ctx context.Context, upload int64, n int) ([]byte, error) {
	if n < 0 || n > chunkNumbers {
		return nil, io.EOF
	}
	var data []byte
	ok, err := s.db.Get(ctx, `select data from chunk where id = $1`, []any{upload&^chunkNumbers | int64(n)}, &data)
	if err != nil {
		return nil, fmt.Errorf("reading a chunk: %w", err)
	}
	if !ok {
		return nil, io.EOF
	}
	return data, nil
}

// ByReference finds a submission's id by its reference, in any case and spacing, with or
// without the dash; also that of one that was erased. Else ErrNotFound.
func (s *Store) ByReference(ctx context.Context, reference string) (int64, error) {
	canonical, ok := record.ParseReference(reference)
	if !ok {
		return 0, ErrNotFound
	}
	var id int64
	err := s.look(ctx, "finding a submission", func(r snapshot) error {
		return found(r.Get(ctx, `
			select id from submission where reference = $1
			union all select id from tombstone where reference = $1 limit 1`, []any{canonical}, &id))
	})
	return id, err
}
