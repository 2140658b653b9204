package store

import (
	"time"

	"sealform/forms/record"
)

// keep writes the submission in one transaction.
func (a *arrival) keep(b *batch, now time.Time) (record.Kept, error) {
	seq, err := b.next(a.form)
	if err != nil {
		return record.Kept{}, err
	}
	if err := a.reserve(b, now); err != nil {
		return record.Kept{}, err
	}
	insert := a.insertRow
	if !a.sub.Stored {
		insert = a.insertTombstone
	}
	n, err := insert(b, seq)
	if err != nil {
		return record.Kept{}, err
	}
	if n == 0 {
		return decide(b.Get, a.sub)
	}
	if err := a.parts(b, seq, now); err != nil {
		return record.Kept{}, err
	}
	b.useNumber(a.form, a.sub.ID, a.sub.Stored)
	return record.Kept{Reference: a.sub.Reference, Received: millis(a.sub.Received.UnixMilli())}, nil
}

// insertRow inserts a kept submission, unless its id or reference was used before.
func (a *arrival) insertRow(b *batch, seq int64) (int64, error) {
	sub, p := a.sub, a.place(seq)
	return b.Exec(`
		insert into submission (id, form, state, seq, received, reference, files, size, first_job, last_job, revision, files_hash,
			token, content, sealed_hash, leaf, data)
		select $1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
		where not exists (select 1 from tombstone where id = $1)
		  and not exists (select 1 from tombstone where reference = $5)
		on conflict do nothing`,
		p.id, a.form, p.seq, p.received, p.reference, p.files, a.size, a.jobIDs[0], a.jobIDs[1], p.revision, p.filesHash,
		sub.Token[:], sub.Content[:], p.sealed, a.s.leaf(leafKept, p), a.data)
}

// insertTombstone inserts what stays of a submission that is only mailed.
func (a *arrival) insertTombstone(b *batch, seq int64) (int64, error) {
	sub, p := a.sub, a.place(seq)
	end := tombstone{a.s.leaf(leafMailed, p), p.received, WhyMailed}
	return b.Exec(`
		insert into tombstone (id, form, seq, received, reference, files, erased, why, revision, files_hash, token, content,
			sealed_hash, leaf, mac)
		select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
		where not exists (select 1 from submission where id = $1)
		  and not exists (select 1 from submission where reference = $5)
		on conflict do nothing`,
		p.id, a.form, p.seq, p.received, p.reference, p.files, end.erased, end.why, p.revision, p.filesHash,
		sub.Token[:], sub.Content[:], p.sealed, end.leaf, a.s.tombstoneMAC(end))
}

// place is where this submission is put, under that number.
func (a *arrival) place(seq int64) *place {
	all := make([]storedFile, len(a.files))
	for i, p := range a.files {
		all[i] = p.stored()
	}
	return &place{
		form: a.sub.Form, id: a.sub.ID, seq: seq, received: a.sub.Received.UnixMilli(), reference: a.sub.Reference,
		revision: a.sub.Revision[:], files: int64(len(all)), filesHash: hashOfFiles(all), sealed: a.hash[:],
	}
}

// parts inserts what belongs to the row: session keys, files, what is to go out.
func (a *arrival) parts(b *batch, seq int64, now time.Time) error {
	if err := a.insertKeys(b, a.sub.ID, a.keys); err != nil {
		return err
	}
	for i, p := range a.files {
		upload, chunks, err := p.link(b, now)
		if err != nil {
			return err
		}
		if err := a.insertKeys(b, upload, a.fileKeys[i]); err != nil {
			return err
		}
		f := p.stored()
		_, err = b.Exec(`insert into file (submission, n, upload, chunks, size, hash) values ($1, $2, $3, $4, $5, $6)`,
			a.sub.ID, i, upload, chunks, f.size, f.hash)
		if err != nil {
			return err
		}
	}
	return a.jobs(b, seq, now)
}

func (a *arrival) insertKeys(b *batch, message int64, keys []packet) error {
	for _, k := range keys {
		_, err := b.Exec(`insert into session_key (message, reader, packet, mac) values ($1, $2, $3, $4)`,
			message, k.reader, k.bytes, a.s.sessionKey(message, k))
		if err != nil {
			return err
		}
	}
	return nil
}
