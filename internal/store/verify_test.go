package store

import (
	"errors"
	"os"
	"slices"
	"sync"
	"testing"

	"sealform/internal/audit"
)

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
	if err != nil || l.Count != 28 {
		t.Errorf("head at %d: %v", l.Count, err)
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
