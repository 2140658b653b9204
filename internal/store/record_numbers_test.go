package store

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/forms/record"
)

// Whoever lowers a count before it is noted must also make the record forget who was read.
// covers LK10
func TestNamedIsThere(t *testing.T) {
	for name, test := range map[string]struct {
		change []string
		want   func(subs []*record.Submission) []string
	}{
		"newest removed, counter lowered": {
			[]string{`delete from submission where seq = 5`, `update form set seq = 4`},
			func(subs []*record.Submission) []string {
				return []string{"submission " + subs[4].Reference + " is missing: the record names it"}
			},
		},
		"tombstone removed, counter lowered": {
			[]string{`delete from submission where seq = 5`, `delete from tombstone`, `update form set seq = 3`},
			func(subs []*record.Submission) []string {
				return []string{
					"submission " + subs[3].Reference + " was erased on 20 Nov 2026, but its tombstone is missing",
					"submission " + subs[4].Reference + " is missing: the record names it",
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, subs := recorded(t)
			for _, change := range test.change {
				tamper(t, s, change)
			}
			if diff := cmp.Diff(test.want(subs), findings(t, s)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The newest submissions cannot be taken away with their count long before the hour is over.
// covers LK10
func TestNumbersAreNotedSoon(t *testing.T) {
	for name, test := range map[string]struct {
		come  int
		pause time.Duration // before the last
		noted bool
	}{
		"a few at once":    {20, 0, false},
		"the next, later":  {20, recordEvery, true},
		"many in a minute": {recordAfter, recordGap, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			s := openStore(t, config(t, c))
			x := newSealer(t)
			sealed := x.submission(t, "contact", []byte("answers")).Answers
			for i := range test.come {
				if i == test.come-1 {
					c.add(test.pause)
				}
				put(t, s, x.like("contact", sealed))
			}
			s.numbers.running.Wait()
			tamper(t, s, `delete from submission`)
			tamper(t, s, `delete from form`)
			got := findings(t, s)
			if want := "form contact: all that came for it is missing"; slices.Contains(got, want) != test.noted {
				t.Errorf("got %q", got)
			}
		})
	}
}

// What came since the last note is noted when the program stops, once, and nothing when nothing came.
// covers LK10
func TestNumbersAreNotedAtTheEnd(t *testing.T) {
	c := config(t, newClock())
	for range 2 { // the second ends without a submission
		s := openStore(t, c)
		if count(t, s, "submission") == 0 {
			put(t, s, newSealer(t).submission(t, "contact", []byte("answers")))
		}
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := openStore(t, c)
	if n := count(t, s, "audit"); n != 2 {
		t.Errorf("%d entries, want the store's making and one note", n)
	}
	tamper(t, s, `delete from submission`)
	tamper(t, s, `delete from form`)
	if got, want := findings(t, s), "form contact: all that came for it is missing"; !slices.Contains(got, want) {
		t.Errorf("got %q", got)
	}
}

// noteTwice runs the hourly chore twice; the second time nothing is new.
func noteTwice(t *testing.T, s *Store) {
	t.Helper()
	before := count(t, s, "audit")
	for range 2 {
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, s, "audit"); n != before+1 {
		t.Fatalf("%d entries after %d", n, before)
	}
}
