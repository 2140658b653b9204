package store

import (
	"context"
	"sync"
	"time"

	"sealform/internal/audit"
)

// projection is the state that follows from the entries of the audit record, whatever the tables say: what was
// erased, and which accounts and keys there are. Who can write the database can take a tombstone away or
// enable an account, but cannot make the record say so.
type projection struct {
	erased   map[ref]uint32      // when: seconds after the epoch of uploads
	accounts map[string]standing // by e-mail
	keys     map[string]standing // by fingerprint
}

func newProjection() projection {
	return projection{erased: map[ref]uint32{}, accounts: map[string]standing{}, keys: map[string]standing{}}
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

// apply takes one entry in. One that is not sure, as its MAC does not fit or cannot be
// checked, counts only where it takes something away.
func (p *projection) apply(e audit.Entry, sure bool) {
	switch e.Act {
	case audit.ActErased, audit.ActPurged:
		for _, about := range referencesOf(e) {
			if r, ok := refOf(about); ok {
				p.erased[r] = uint32(max(e.At.UnixMilli()-uploadEpoch, 0) / 1000) //nolint:gosec // until 2156
			}
		}
	default:
		p.applyPeople(e, sure)
	}
}

// projectedActs are the acts that apply takes in.
const projectedActs = `('erased', 'purged', 'account-added', 'account-reset', 'account-disabled', 'account-enabled',
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
func (p *projection) wasErased(about string) (at time.Time, ok bool) {
	r, ok := refOf(about)
	if !ok {
		return at, false
	}
	seconds, ok := p.erased[r]
	return millis(uploadEpoch + int64(seconds)*1000), ok
}

// sharedProjection is kept in memory, read when it is first asked for.
type sharedProjection struct {
	mu sync.Mutex
	projection
	last int64 // entry that it holds
}

// projection lends what follows from the record in r, having read the entries that are new since the
// last time, whichever process wrote them.
func (s *Store) projection(ctx context.Context, r snapshot, use func(*projection)) error {
	p := &s.projected
	p.mu.Lock()
	defer p.mu.Unlock()
	var last int64
	if _, err := r.Get(ctx, `select coalesce(max(n), 0) from audit`, nil, &last); err != nil {
		return err
	}
	if last > p.last {
		if err := s.project(ctx, r); err != nil {
			return err
		}
		p.last = last
	}
	use(&p.projection)
	return nil
}

// project applies the entries behind the last.
func (s *Store) project(ctx context.Context, r snapshot) error {
	return r.Each(ctx, `
		select a.n, a.at, a.who, a.peer, a.act, a.about, a.mac, p.mac
		from audit a left join audit p on p.n = a.n - 1
		where a.n > $1 and a.act in `+projectedActs+` order by a.n`, []any{s.projected.last}, func(scan func(...any) error) error {
		var before []byte
		e, err := scanEntry(func(dest ...any) error { return scan(append(dest, &before)...) })
		if err != nil {
			return err
		}
		s.projected.apply(e, s.follows(before, e))
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
