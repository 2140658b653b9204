package store

import (
	"errors"
	"slices"
	"testing"

	"sealform/internal/audit"
)

// Who empties the record and takes its head away leaves a store that knows it was used.
// covers LK10
func TestEmptiedRecord(t *testing.T) {
	for name, test := range map[string]struct {
		change []string
		want   string
	}{
		"all":               {[]string{`delete from audit`}, "when entry 1 was written, the head file was missing"},
		"all but the first": {[]string{`delete from audit where n > 1`}, "when entry 2 was written, the head file was missing"},
		"and all that came": {
			[]string{`delete from audit where n > 1`, `delete from submission`, `delete from tombstone`},
			"when entry 2 was written, the head file was missing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := recorded(t)
			for _, change := range test.change {
				tamper(t, s, change)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			remove(t, c.HeadFile)
			for range 2 { // it is found ever after
				s = openStore(t, c)
				if got := findings(t, s); !slices.Contains(got, test.want) {
					t.Errorf("got %q", got)
				}
			}
		})
	}
}

// A process killed between making the database and writing the head file left nothing
// behind that would have to be told.
func TestMadeWithoutHead(t *testing.T) {
	c := config(t, newClock())
	s := openStore(t, c)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	remove(t, c.HeadFile)
	s = openStore(t, c)
	if r, err := s.VerifyAudit(t.Context()); err != nil || r.Entries != 1 || len(r.Findings) != 0 {
		t.Errorf("%+v %v", r, err)
	}
}

// A name that was typed to sign in may hold any bytes: the entry takes it as every engine can, and is whole.
func TestEntryOfAnyBytes(t *testing.T) {
	s, _ := newStore(t)
	e := staff(audit.ActSignInFailed)
	e.Who = "eve\x00\xff@clinic.example"
	if err := s.Audit(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	var who string
	if _, err := s.db.Get(t.Context(), `select who from audit where n = 2`, nil, &who); err != nil || who != "eve\uFFFD\uFFFD@clinic.example" {
		t.Errorf("who is %q: %v", who, err)
	}
	if f := findings(t, s); len(f) > 0 {
		t.Errorf("found %q", f)
	}
	if _, err := s.Account(t.Context(), e.Who); !errors.Is(err, ErrNotFound) {
		t.Errorf("its account: %v", err)
	}
}
