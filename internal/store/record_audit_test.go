package store

import (
	"slices"
	"testing"
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
