package store

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"

	"sealform/internal/audit"
	"sealform/internal/store/engine"
)

// Audit appends and syncs one entry (Seq, At and MAC are set here), then the head file.
// No entry, no plaintext: callers stop on an error.
func (s *Store) Audit(ctx context.Context, e audit.Entry) error {
	err := s.record(ctx, "writing the audit record", func(b *batch) error { return b.append(s, e) })
	if err == nil {
		s.recordNumbersSoon(0)
	}
	return err
}

// record runs do, which appends an entry, and brings the head file up to that entry; done says in errors what was tried.
func (s *Store) record(ctx context.Context, done string, do func(*batch) error) (err error) {
	defer explain(&err, done)
	var last audit.Head
	err = s.write(ctx, 0, func(b *batch) error {
		err := do(b)
		if err == nil {
			last = *b.last
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.head.advance(last)
}

// append writes an entry behind the last, whichever process wrote that.
func (b *batch) append(s *Store, e audit.Entry) error {
	prev, err := b.lastEntry()
	if err != nil {
		return err
	}
	if known := s.head.known(); known.Count > prev.Count {
		prev = known // the tail was cut: leave the gap to be seen
	}
	e.Seq, e.At = prev.Count+1, s.cfg.Now()
	e.Who, e.From = storable(e.Who), storable(e.From)
	e.MAC = s.chain.Sign(prev.MAC, e)
	if err := insertEntry(b.Tx, e); err != nil {
		return err
	}
	b.last = &audit.Head{Count: e.Seq, MAC: e.MAC}
	return nil
}

// storable is a text as every engine takes it: without NUL and bytes that are no UTF-8. Who tries to sign in may send any.
func storable(s string) string {
	const mark = "\uFFFD"
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", mark), mark)
}

func insertEntry(tx *engine.Tx, e audit.Entry) error {
	about, err := json.Marshal(e.About)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into audit (n, at, who, peer, act, about, mac) values ($1, $2, $3, $4, $5, $6, $7)`,
		e.Seq, e.At.UnixMilli(), e.Who, e.From, e.Act, string(about), e.MAC[:])
	return err
}

// first writes the entry that comes with the schema, so that no record is ever empty.
func (s *Store) first(tx *engine.Tx) error {
	e := audit.Entry{Seq: 1, At: s.cfg.Now(), Who: audit.Self, Act: audit.ActStoreMade, About: []string{s.cfg.Service}}
	e.MAC = s.chain.Sign([32]byte{}, e)
	return insertEntry(tx, e)
}

// owner refuses a database that another service, or this one under other secrets, made: its first entry says so. Where that
// entry is gone the store opens, as arrivals are to be kept, and verification says what is missing.
func (s *Store) owner(tx *engine.Tx) error {
	return tx.Each(`select n, at, who, peer, act, about, mac from audit where n = 1`, nil, func(scan func(...any) error) error {
		e, err := scanEntry(scan)
		if err != nil {
			return err
		}
		if !s.chain.Fits([32]byte{}, e) && !s.cfg.AnyOwner {
			return ErrNotOurs
		}
		return nil
	})
}

// lastEntry is read once in a transaction.
func (b *batch) lastEntry() (audit.Head, error) {
	if b.last != nil {
		return *b.last, nil
	}
	var l audit.Head
	var mac []byte
	ok, err := b.Get(`select n, mac from audit order by n desc limit 1`, nil, &l.Count, &mac)
	if ok && len(mac) == len(l.MAC) {
		l.MAC = [32]byte(mac)
	}
	return l, err
}

// beginAudit takes the head file up, making it for a store that is new. A head that is
// missing, damaged or ahead of the record is itself recorded: verification then keeps
// reporting it, whatever is written later.
func (s *Store) beginAudit(ctx context.Context) error {
	head, err := s.head.load()
	if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, audit.ErrHead) {
		return err
	}
	var last audit.Head
	if e := s.write(ctx, 0, func(b *batch) (err error) { last, err = b.lastEntry(); return err }); e != nil {
		return e
	}
	lost := audit.HeadAhead
	switch {
	case errors.Is(err, os.ErrNotExist):
		fresh, err := s.isNew(ctx, last)
		if err != nil {
			return err
		}
		if fresh {
			return s.head.advance(last)
		}
		lost = audit.HeadMissing
	case err != nil:
		lost = audit.HeadDamaged
	case head.Count <= last.Count:
		return nil
	}
	return s.Audit(ctx, audit.Entry{Who: audit.Self, Act: audit.ActHeadLost, About: []string{lost}})
}

// isNew says that nothing was ever done here: its making, maybe by a process that was
// killed before it had written the head file, is all there is.
func (s *Store) isNew(ctx context.Context, last audit.Head) (bool, error) {
	var used bool
	_, err := s.db.Get(ctx, `
		select exists (select 1 from submission) or exists (select 1 from tombstone) or exists (select 1 from account)
			or exists (select 1 from locked_key) or exists (select 1 from form where seq > 0)`, nil, &used)
	return last.Count == 1 && !used && err == nil, err
}
