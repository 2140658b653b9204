package store

import (
	"context"
	"sync"
	"time"

	"sealform/internal/audit"
)

// said is what the record says is so, whatever the tables say: what was erased, and which
// accounts and keys there are. Who can write the database can take a tombstone away or
// enable an account, but cannot make the record say so.
type said struct {
	erased   map[ref]uint32      // when: seconds after the epoch of uploads
	accounts map[string]lastWord // by e-mail
	keys     map[string]lastWord // by fingerprint
}

func newSaid() said {
	return said{erased: map[ref]uint32{}, accounts: map[string]lastWord{}, keys: map[string]lastWord{}}
}

// ref is a reference as it is written ("R7K-4Q2"): small, as all that were ever erased are
// held in memory.
type ref [7]byte

// refOf is the reference that s is; ok is false where s has another length.
func refOf(s string) (r ref, ok bool) {
	if len(s) != len(r) {
		return ref{}, false
	}
	copy(r[:], s)
	return r, true
}

// hear takes one entry in. One that is not sure, as its MAC does not fit or cannot be
// checked, counts only where it takes something away.
func (s *said) hear(e audit.Entry, sure bool) {
	switch e.Act {
	case audit.ActErased, audit.ActPurged:
		for _, about := range referencesOf(e) {
			if r, ok := refOf(about); ok {
				s.erased[r] = uint32(max(e.At.UnixMilli()-uploadEpoch, 0) / 1000) //nolint:gosec // until 2156
			}
		}
	default:
		s.hearPeople(e, sure)
	}
}

// heardActs are the acts that hear takes in.
const heardActs = `('erased', 'purged', 'account-added', 'account-reset', 'account-disabled', 'account-enabled',
	'key-generated', 'key-imported', 'key-removed')`

// referencesOf are the submissions that an entry is about.
func referencesOf(e audit.Entry) []string {
	switch e.Act {
	case audit.ActPurged:
		return e.About[min(1, len(e.About)):] // behind the form
	case audit.ActErased, audit.ActOpened, audit.ActOpenFailed, audit.ActFileSaved,
		audit.ActExported, audit.ActStateChanged:
		return e.About
	}
	return nil
}

// wasErased says when the record says that a submission was.
func (s *said) wasErased(about string) (at time.Time, ok bool) {
	r, ok := refOf(about)
	if !ok {
		return at, false
	}
	seconds, ok := s.erased[r]
	return millis(uploadEpoch + int64(seconds)*1000), ok
}

// hearing keeps what the record says in memory, read when it is first asked for.
type hearing struct {
	mu   sync.Mutex
	said said
	last int64 // entry
}

// heard lends what the record says in r, having read the entries that are new since the
// last time, whichever process wrote them.
func (s *Store) heard(ctx context.Context, r snapshot, use func(*said)) error {
	h := &s.hearing
	h.mu.Lock()
	defer h.mu.Unlock()
	var last int64
	if _, err := r.get(ctx, `select coalesce(max(n), 0) from audit`, nil, &last); err != nil {
		return err
	}
	if last > h.last {
		if err := s.listen(ctx, r); err != nil {
			return err
		}
		h.last = last
	}
	use(&h.said)
	return nil
}

func (s *Store) listen(ctx context.Context, r snapshot) error {
	return r.each(ctx, `
		select a.n, a.at, a.who, a.peer, a.act, a.about, a.mac, p.mac
		from audit a left join audit p on p.n = a.n - 1
		where a.n > $1 and a.act in `+heardActs+` order by a.n`, []any{s.hearing.last}, func(scan func(...any) error) error {
		var before []byte
		e, err := scanEntry(func(dest ...any) error { return scan(append(dest, &before)...) })
		if err != nil {
			return err
		}
		s.hearing.said.hear(e, s.follows(before, e))
		return nil
	})
}

// follows tells whether an entry's MAC fits the one before it: nothing, before the first entry. Behind an entry
// that is missing, or whose MAC has another length, it does not.
func (s *Store) follows(before []byte, e audit.Entry) bool {
	var prev [32]byte
	if len(before) == len(prev) {
		prev = [32]byte(before)
	} else if e.Seq != 1 {
		return false
	}
	return s.chain.Fits(prev, e)
}
