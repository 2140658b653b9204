package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/internal/audit"
	"sealform/keys"
)

// recorded is a store with entries and five submissions of one form, the fourth erased, the fifth with two files.
func recorded(t *testing.T) (*Store, Config, []*forms.Submission) {
	c := config(t, newClock())
	s := openStore(t, c)
	x := newSealer(t)
	var subs []*forms.Submission
	for i := range 5 {
		sub := x.submission(t, "contact", fmt.Append(nil, "answers ", i))
		if i == 4 {
			sub.Files = []keys.SealedStream{x.stream(t, bytesOf(make([]byte, 300<<10))), x.stream(t, bytesOf([]byte("a note")))}
		}
		put(t, s, sub)
		if err := s.Audit(t.Context(), staff(audit.ActOpened, sub.Reference)); err != nil {
			t.Fatal(err)
		}
		subs = append(subs, sub)
	}
	if err := s.Delete(t.Context(), subs[3].ID, "asked for", staff(audit.ActErased)); err != nil {
		t.Fatal(err)
	}
	return s, c, subs
}

var tamperings = map[string]struct {
	change []string
	want   string // the first finding
}{
	"untouched":                     {nil, ""},
	"entry changed":                 {[]string{`update audit set who = 'eve' where n = 3`}, "entry 3 was changed"},
	"entry's list":                  {[]string{`update audit set about = 'x' where n = 3`}, "entry 3 was changed"},
	"entry removed":                 {[]string{`delete from audit where n = 3`}, "entry 3 is missing"},
	"tail cut":                      {[]string{`delete from audit where n > 4`}, "the record ends at entry 4, but 7 were written"},
	"all cut":                       {[]string{`delete from audit`}, "the record ends at entry 0, but 7 were written"},
	"row removed":                   {[]string{`delete from submission where seq = 2`}, "form contact: number 2 is missing"},
	"rows removed":                  {[]string{`delete from submission where seq in (2, 3)`}, "form contact: numbers 2 to 3 are missing"},
	"last removed":                  {[]string{`delete from submission where seq = 5`}, "form contact: number 5 is missing"},
	"tombstone gone":                {[]string{`delete from tombstone`}, "form contact: number 4 is missing"},
	"data changed":                  {[]string{`update submission set data = x'00' where seq = 2`}, "form contact: number 2, REF, was changed"},
	"number changed":                {[]string{`update submission set seq = 9 where seq = 5`, `update form set seq = 9`}, "form contact: number 9, REF, was changed"},
	"counter alone":                 {[]string{`update form set seq = 4`}, "form contact: number 5 is there, but only 4 were given"},
	"last removed, counter lowered": {[]string{`delete from submission where seq = 5`, `update form set seq = 4`}, "form contact: number 5 is missing"},
	"form removed":                  {[]string{`delete from submission`, `delete from tombstone`, `delete from form`}, "form contact: all that came for it is missing"},
	"data swapped": {[]string{
		`update submission set (data, sealed_hash, leaf) = (select data, sealed_hash, leaf from submission b where b.seq = 5 - submission.seq) where seq in (2, 3)`,
	}, "form contact: number 2, REF, was changed"},
	"moved to another form": {[]string{
		`insert into form (id, name, seq, count_new, count_opened, count_done, count_spam) values (9, 'other', 1, 1, 0, 0, 0)`,
		`update submission set form = 9, seq = 1 where seq = 2`,
	}, "form contact: number 2 is missing"},
	"erased unrecorded": {[]string{
		`insert into tombstone select id, form, seq, received, reference, files, 1, 'asked for', revision, files_hash, token, content, sealed_hash, leaf, leaf from submission where seq = 2`,
		`delete from submission where seq = 2`,
	}, "form contact: the tombstone of number 2, REF, was changed"},
	"erased as another was": {[]string{
		`drop index tombstone_reference`,
		`insert into tombstone select s.id, s.form, s.seq, s.received, t.reference, s.files, t.erased, t.why, s.revision, s.files_hash,
			s.token, s.content, s.sealed_hash, s.leaf, t.mac from submission s, tombstone t`,
		`delete from submission`,
	}, "form contact: the tombstone of number 1, REF, was changed"},
	"tombstone's time": {[]string{`update tombstone set erased = 1`}, "form contact: the tombstone of number 4, REF, was changed"},
	"tombstone's why":  {[]string{`update tombstone set why = 'purged'`}, "form contact: the tombstone of number 4, REF, was changed"},
	"reference":        {[]string{`update submission set reference = 'AAA-AAA' where seq = 2`}, "form contact: number 2, AAA-AAA, was changed"},
	"received":         {[]string{`update submission set received = received - 3600000 where seq = 2`}, "form contact: number 2, REF, was changed"},
	"revision":         {[]string{`update submission set revision = zeroblob(32) where seq = 2`}, "form contact: number 2, REF, was changed"},
	"count of files":   {[]string{`update submission set files = 0 where seq = 5`}, "form contact: number 5, REF, was changed"},
	"hash of data":     {[]string{`update submission set sealed_hash = zeroblob(32) where seq = 2`}, "form contact: number 2, REF, was changed"},
	"session keys":     {[]string{`delete from session_key where message = (select id from submission where seq = 2)`}, "form contact: number 2, REF, has lost its session keys: nobody can open it"},
	"a file's keys":    {[]string{`delete from session_key where message < 0`}, "form contact: number 5, REF: its files were changed"},
	"file removed":     {[]string{`delete from file where n = 1`}, "form contact: number 5, REF: its files were changed"},
	"files swapped":    {[]string{`update file set n = n + 10`, `update file set n = 11 - n`}, "form contact: number 5, REF: its files were changed"},
	"file added":       {[]string{`insert into file select (select id from submission where seq = 2), n, upload, chunks, size, hash from file where n = 0`}, "form contact: number 2, REF: its files were changed"},
	"chunks removed":   {[]string{`delete from chunk`}, "form contact: number 5, REF: its files were changed"},
	"chunk emptied":    {[]string{`update chunk set data = zeroblob(length(data)) where id = (select max(id) from chunk)`}, "form contact: number 5, REF: its files were changed"},
	"chunk renumbered": {[]string{`update chunk set id = id + 1 where id = (select max(id) from chunk)`}, "form contact: number 5, REF: its files were changed"},
	"questions":        {[]string{`update revision set questions = replace(cast(questions as text), 'How can we help', 'What is your PIN')`}, "form contact: the questions of revision XXXX were changed"},
	"no questions":     {[]string{`delete from revision`}, "form contact: the questions that 4 of its submissions answer (revision XXXX) are missing"},
	"rows moved into a tombstone's place": {[]string{
		`delete from tombstone`,
		`update submission set seq = 4 where seq = 5`,
		`update form set seq = 4`,
	}, "form contact: number 4, REF, was changed"},
	"passed for mailed": {[]string{
		`insert into tombstone select id, form, seq, received, reference, files, 1, 'mailed', revision, files_hash, token, content, sealed_hash, leaf, leaf from submission where seq = 2`,
		`delete from submission where seq = 2`,
	}, "form contact: the tombstone of number 2, REF, was changed"},
}

// covers LK10 CR07
func TestVerifyFindsTampering(t *testing.T) {
	for name, test := range tamperings {
		t.Run(name, func(t *testing.T) {
			s, _, subs := recorded(t)
			if strings.Contains(name, "counter lowered") || name == "form removed" {
				noteTwice(t, s)
			}
			for _, change := range test.change {
				tamper(t, s, change)
			}
			names := []string{hex.EncodeToString(subs[0].Revision[:4]), "XXXX"}
			for _, sub := range subs {
				names = append(names, sub.Reference, "REF")
			}
			got := findings(t, s)
			for i := range got {
				got[i] = strings.NewReplacer(names...).Replace(got[i])
			}
			if test.want == "" && len(got) != 0 || test.want != "" && (len(got) == 0 || got[0] != test.want) {
				t.Errorf("got %q, want first %q", got, test.want)
			}
		})
	}
}

// Whoever lowers a count before it is noted must also make the record forget who was read.
// covers LK10
func TestNamedIsThere(t *testing.T) {
	for name, test := range map[string]struct {
		change []string
		want   func(subs []*forms.Submission) []string
	}{
		"newest removed, counter lowered": {
			[]string{`delete from submission where seq = 5`, `update form set seq = 4`},
			func(subs []*forms.Submission) []string {
				return []string{"submission " + subs[4].Reference + " is missing: the record names it"}
			},
		},
		"tombstone removed, counter lowered": {
			[]string{`delete from submission where seq = 5`, `delete from tombstone`, `update form set seq = 3`},
			func(subs []*forms.Submission) []string {
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

// What was cut while the program was down is found also after it went on writing.
func TestCutTailIsNotPapered(t *testing.T) {
	s, c, _ := recorded(t)
	tamper(t, s, `delete from audit where n > 4`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, c)
	for range 5 {
		if err := s.Audit(t.Context(), staff(audit.ActOpened)); err != nil {
			t.Fatal(err)
		}
	}
	if got := findings(t, s); len(got) == 0 || got[0] != "the record ends at entry 4, but 7 were written" {
		t.Errorf("got %q", got)
	}
}

// Cutting it while the program runs leaves a gap.
func TestCutTailOfRunningStore(t *testing.T) {
	s, _, _ := recorded(t)
	tamper(t, s, `delete from audit where n > 4`)
	if err := s.Audit(t.Context(), staff(audit.ActOpened)); err != nil {
		t.Fatal(err)
	}
	if got := findings(t, s); len(got) == 0 || got[0] != "entries 5 to 7 are missing" {
		t.Errorf("got %q", got)
	}
}

func TestHeadFile(t *testing.T) {
	old := []byte(nil)
	for name, test := range map[string]struct {
		change func(t *testing.T, path string)
		now    string // found by the process that runs
		later  string // found by the next, and ever after
	}{
		"removed":  {remove, "the head file is missing", "when entry 8 was written, the head file was missing"},
		"damaged":  {overwrite([]byte("sealform-audit-head-1 6 00 00\n")), audit.ErrHead.Error(), "when entry 8 was written, the head file was damaged"},
		"set back": {func(t *testing.T, path string) { overwrite(old)(t, path) }, "the head file was set back", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, _ := recorded(t)
			var err error
			if old, err = os.ReadFile(c.HeadFile); err != nil {
				t.Fatal(err)
			}
			if err := s.Audit(t.Context(), staff(audit.ActOpened)); err != nil {
				t.Fatal(err)
			}
			if name != "set back" {
				tamper(t, s, `delete from audit where n = 8`)
			}
			test.change(t, c.HeadFile)
			if got := findings(t, s); !slices.Contains(got, test.now) {
				t.Errorf("now: %q", got)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openStore(t, c)
			if got := findings(t, s); test.later != "" && (len(got) == 0 || got[0] != test.later) {
				t.Errorf("later: %q", got)
			}
		})
	}
}

func remove(t *testing.T, path string) {
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func overwrite(b []byte) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A head that lags, as after a crash between commit and file, is no finding, and the file
// never goes back.
func TestHeadLags(t *testing.T) {
	s, c, _ := recorded(t)
	before, err := os.ReadFile(c.HeadFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Audit(t.Context(), staff(audit.ActOpened)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	overwrite(before)(t, c.HeadFile)
	s = openStore(t, c)
	if got := findings(t, s); len(got) != 0 {
		t.Errorf("got %q", got)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := s.Audit(t.Context(), staff(audit.ActOpened)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	l, err := s.head.load()
	if err != nil || l.n != 28 {
		t.Errorf("head at %d: %v", l.n, err)
	}
	fi, err := os.Stat(c.HeadFile)
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", fi.Mode(), err)
	}
}

// No entry, no plaintext: when the head cannot be written, the caller must learn it.
func TestAuditFailsWithoutHead(t *testing.T) {
	s, c, _ := recorded(t)
	if err := os.Remove(c.HeadFile); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(c.HeadFile, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Audit(t.Context(), staff(audit.ActOpened)); err == nil {
		t.Error("an entry without its head passed for written")
	}
	if err := os.Remove(c.HeadFile); err != nil {
		t.Fatal(err)
	}
	if err := s.Audit(t.Context(), staff(audit.ActOpened)); err != nil {
		t.Error(err)
	}
}

// covers CR07
func TestSubmissionSaysWhatWasTampered(t *testing.T) {
	for name, test := range map[string]struct {
		change string
		err    error
	}{
		"data of another": {`update submission set data = (select data from submission where seq = 2) where seq = 1`, nil},
		"all of another": {`update submission set (data, sealed_hash, leaf) =
			(select data, sealed_hash, leaf from submission where seq = 2) where seq = 1`, nil},
		"number":           {`update submission set seq = 77 where seq = 1`, nil},
		"leaf":             {`update submission set leaf = x'00' where seq = 1`, nil},
		"form":             {`update form set name = 'other' where name = 'contact'`, nil},
		"data cut":         {`update submission set data = substr(data, 1, 50) where seq = 1`, ErrDamaged},
		"no data":          {`update submission set data = x'' where seq = 1`, ErrDamaged},
		"keys removed":     {`delete from session_key`, ErrDamaged},
		"key damaged":      {`update session_key set packet = x'c10000'`, ErrDamaged},
		"revision":         {`update submission set revision = x'00'`, ErrDamaged},
		"another revision": {`update submission set revision = zeroblob(32)`, nil},
		"reference":        {`update submission set reference = 'AAA-AAA' where seq = 1`, nil},
		"received":         {`update submission set received = received + 1`, nil},
		"files":            {`update submission set files = 1 where seq = 1`, nil},
		"a tombstone made up": {`insert into tombstone select id, form, seq, received, reference, files, 1, 'purged', revision, files_hash,
			token, content, sealed_hash, leaf, leaf from submission where seq = 1`, ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, subs := recorded(t)
			tamper(t, s, test.change)
			got, err := s.Submission(t.Context(), subs[0].ID)
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if err == nil && got.LeafOK {
				t.Error("the leaf passed")
			}
		})
	}
}
