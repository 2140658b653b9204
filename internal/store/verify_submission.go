package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"maps"
	"math"
	"slices"

	"sealform/forms"
)

// verifyBatch is how many rows are read at once: nothing else may be asked while they are.
const verifyBatch = 500

// rows checks what is kept, down to the bytes that readers open, in the order in which it came.
func (n *numbering) rows(ctx context.Context) error {
	last := storedRow{place: place{received: math.MinInt64, id: math.MinInt64}}
	for {
		all, err := n.rowsAfter(ctx, last.received, last.id)
		if err != nil || len(all) == 0 {
			return err
		}
		for i := range all {
			if err := n.row(ctx, &all[i]); err != nil {
				return err
			}
		}
		last = all[len(all)-1]
	}
}

// storedRow is a row of submission as it is stored.
type storedRow struct {
	place
	leaf           []byte
	sum            [32]byte // SHA-256 of its data
	keys, fileRows int64
	erased         *int64 // when, if its tombstone stands beside it
}

func (n *numbering) rowsAfter(ctx context.Context, received, id int64) (all []storedRow, err error) {
	err = n.v.r.Each(ctx, `
		select s.id, s.seq, s.received, s.reference, s.revision, s.files, s.files_hash, s.sealed_hash, s.leaf, s.data,
			(select count(*) from session_key k where k.message = s.id),
			(select count(*) from file f where f.submission = s.id),
			(select erased from tombstone t where t.id = s.id and t.why != $2)
		from submission s where s.form = $1 and (s.received, s.id) > ($3, $4)
		order by s.received, s.id limit $5`, []any{n.id, WhyMailed, received, id, verifyBatch}, func(scan func(...any) error) error {
		x := storedRow{place: place{form: n.form}}
		var data []byte
		err := scan(&x.id, &x.seq, &x.received, &x.reference, &x.revision, &x.files, &x.filesHash, &x.sealed,
			&x.leaf, &data, &x.keys, &x.fileRows, &x.erased)
		x.sum = sha256.Sum256(data)
		all = append(all, x)
		return err
	})
	return all, err
}

func (n *numbering) row(ctx context.Context, x *storedRow) error {
	if !hmac.Equal(x.sealed, x.sum[:]) || !hmac.Equal(x.leaf, n.v.s.leaf(leafKept, &x.place)) {
		n.report("number %d, %s, was changed", x.seq, x.reference)
	}
	n.v.markFound(x.reference)
	at, erased := n.v.projection.wasErased(x.reference)
	if x.erased != nil {
		at, erased = millis(*x.erased), true
	}
	if erased {
		n.report("submission %s was erased on %s, but is here again", x.reference, day(at))
	}
	if x.erased != nil {
		return nil // its tombstone holds the number
	}
	n.seqs = append(n.seqs, x.seq)
	if x.keys == 0 {
		n.report("number %d, %s, has lost its session keys: nobody can open it", x.seq, x.reference)
	}
	if x.files == 0 && x.fileRows == 0 {
		return nil
	}
	whole, err := n.files(ctx, x)
	if err == nil && !whole {
		n.report("number %d, %s: its files were changed", x.seq, x.reference)
	}
	return err
}

// files reads a submission's files to their last byte.
func (n *numbering) files(ctx context.Context, x *storedRow) (whole bool, err error) {
	all, keyed := []storedFile{}, true
	err = n.v.r.Each(ctx, `
		select upload, chunks, size, hash, exists (select 1 from session_key k where k.message = f.upload)
		from file f where submission = $1 order by n`, []any{x.id}, func(scan func(...any) error) error {
		var f storedFile
		var key bool
		err := scan(&f.upload, &f.chunks, &f.size, &f.hash, &key)
		all, keyed = append(all, f), keyed && key
		return err
	})
	if err != nil || !keyed || int64(len(all)) != x.files || !hmac.Equal(hashOfFiles(all), x.filesHash) {
		return false, err
	}
	for _, f := range all {
		if there, err := n.v.file(ctx, f); err != nil || !there {
			return false, err
		}
	}
	return true, nil
}

// file says whether a file's chunks are those that came.
func (v *verification) file(ctx context.Context, f storedFile) (whole bool, err error) {
	sum, size, chunks := sha256.New(), int64(0), int64(0)
	whole = true
	err = v.r.Each(ctx, `select id, data from chunk where id between $1 and $2 order by id`,
		[]any{f.upload, f.upload | chunkNumbers}, func(scan func(...any) error) error {
			var id int64
			var data []byte
			if err := scan(&id, &data); err != nil {
				return err
			}
			whole = whole && id == f.upload|chunks
			chunks, size = chunks+1, size+int64(len(data))
			sum.Write(data)
			return nil
		})
	return whole && chunks == f.chunks && size == f.size && bytes.Equal(sum.Sum(nil), f.hash), err
}

// sessionKeys checks who can open what. It does not miss one that is gone: its reader does, when opening.
func (v *verification) sessionKeys(ctx context.Context) error {
	changed := map[int64]bool{}
	err := v.r.Each(ctx, `select message, reader, packet, mac from session_key`, nil, func(scan func(...any) error) error {
		var message int64
		var p packet
		var mac []byte
		err := scan(&message, &p.reader, &p.bytes, &mac)
		if err == nil && len(changed) < mostNumbers && !hmac.Equal(mac, v.s.sessionKey(message, p)) {
			changed[message] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, message := range slices.Sorted(maps.Keys(changed)) {
		of := "what is not here"
		var reference string
		ok, err := v.r.Get(ctx, `
			select reference from submission
			where id = $1 or id = (select submission from file where upload = $1)`, []any{message}, &reference)
		if err != nil {
			return err
		}
		if ok {
			of = "submission " + reference
		}
		if says := "a session key of " + of + " was changed"; !slices.Contains(v.found, says) {
			v.found = append(v.found, says)
		}
	}
	return nil
}

// tombstones checks what was erased, and that an entry of the record says so.
func (n *numbering) tombstones(ctx context.Context) error {
	return n.v.r.Each(ctx, `
		select id, seq, received, reference, revision, files, files_hash, sealed_hash, erased, why, leaf, mac
		from tombstone where form = $1`, []any{n.id}, func(scan func(...any) error) error {
		p, end := &place{form: n.form}, tombstone{}
		var mac []byte
		if err := scan(&p.id, &p.seq, &p.received, &p.reference, &p.revision, &p.files, &p.filesHash, &p.sealed,
			&end.erased, &end.why, &end.leaf, &mac); err != nil {
			return err
		}
		n.v.markFound(p.reference)
		n.seqs = append(n.seqs, p.seq)
		_, erased := n.v.projection.wasErased(p.reference)
		kind := leafKept
		if end.why == WhyMailed {
			kind = leafMailed
		}
		switch {
		case !hmac.Equal(end.leaf, n.v.s.leaf(kind, p)) || !hmac.Equal(mac, n.v.s.tombstoneMAC(end)):
			n.report("the tombstone of number %d, %s, was changed", p.seq, p.reference)
		case end.why != WhyMailed && !erased:
			n.report("number %d, %s, was erased without an entry in the record", p.seq, p.reference)
		}
		return nil
	})
}

// revisions checks that the questions to every kept answer are there, as they were asked.
func (n *numbering) revisions(ctx context.Context) error {
	err := n.v.r.Each(ctx, `select hash, questions from revision where form = $1`, []any{n.id}, func(scan func(...any) error) error {
		var hash, questions []byte
		if err := scan(&hash, &questions); err != nil {
			return err
		}
		if len(hash) != len(forms.Revision{}) {
			n.report("the questions of a revision were changed")
			return nil
		}
		if _, err := forms.ParseQuestions(n.form, questions, forms.Revision(hash)); err != nil {
			n.report("the questions of revision %x were changed", hash[:4])
		}
		return nil
	})
	if err != nil {
		return err
	}
	return n.v.r.Each(ctx, `
		select s.revision, count(*) from submission s where s.form = $1
			and not exists (select 1 from revision r where r.form = s.form and r.hash = s.revision)
		group by s.revision`, []any{n.id}, func(scan func(...any) error) error {
		var hash []byte
		var many int64
		if err := scan(&hash, &many); err != nil {
			return err
		}
		n.report("the questions that %d of its submissions answer (revision %x) are missing", many, hash[:min(4, len(hash))])
		return nil
	})
}
