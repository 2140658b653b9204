package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFilesArePrivate(t *testing.T) {
	c := config(t, newClock())
	s := openStore(t, c)
	x := newSealer(t)
	put(t, s, x.submission(t, "contact", []byte("answers")))
	check := func() {
		t.Helper()
		for _, beside := range []string{"", "-wal", "-shm"} {
			fi, err := os.Stat(c.Path + beside)
			if err != nil || fi.Mode().Perm() != 0o600 {
				t.Errorf("%q: %v %v", beside, fi.Mode(), err)
			}
		}
	}
	check()
	fi, err := os.Stat(filepath.Dir(c.Path))
	if err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v %v", fi.Mode(), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(c.Path, 0o644); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, c)
	put(t, s, x.submission(t, "contact", []byte("answers")))
	check()
}

func TestSettings(t *testing.T) {
	s, _ := newStore(t)
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "busy_timeout": "10000", "foreign_keys": "1",
		"trusted_schema": "0", "secure_delete": "1", "cell_size_check": "1",
	}
	for name, value := range want {
		var got string
		err := s.write(t.Context(), 0, func(b *batch) error {
			_, err := b.Get("pragma "+name, nil, &got)
			return err
		})
		if err != nil || got != value {
			t.Errorf("%s is %s, want %s: %v", name, got, value, err)
		}
	}
	if _, err := s.db.Get(t.Context(), `delete from form returning id`, nil, new(int64)); err == nil {
		t.Error("the reading connections can write")
	}
}

func TestRefusals(t *testing.T) {
	t.Run("newer schema", func(t *testing.T) {
		c := config(t, newClock())
		s := openStore(t, c)
		tamper(t, s, `update schema_version set version = 9`)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), c)
		if err == nil || !strings.Contains(err.Error(), "written by a newer sealform (schema 9; this program knows 2)") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no version", func(t *testing.T) { // covers R07
		c := config(t, newClock())
		s := openStore(t, c)
		tamper(t, s, `update schema_version set version = -1`)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "none that any program wrote") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("another service", func(t *testing.T) { // covers CR07
		for name, spoil := range map[string]func(*Config){
			"service":   func(c *Config) { c.Service = "law-office" },
			"audit key": func(c *Config) { c.AuditKey = bytes.Repeat([]byte{9}, 32) },
			"secrets":   func(c *Config) { c.AuditKey, c.LeafKey = bytes.Repeat([]byte{9}, 32), bytes.Repeat([]byte{8}, 32) },
		} {
			c := config(t, newClock())
			s := openStore(t, c)
			put(t, s, newSealer(t).submission(t, "contact", []byte("answers")))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			before := fileSums(t, filepath.Dir(filepath.Dir(c.Path)))
			other := c
			spoil(&other)
			other.HeadFile = c.HeadFile + "-of-another"
			if _, err := Open(t.Context(), other); !errors.Is(err, ErrNotOurs) {
				t.Errorf("%s: got %v", name, err)
			}
			if diff := cmp.Diff(before, fileSums(t, filepath.Dir(filepath.Dir(c.Path)))); diff != "" {
				t.Errorf("%s: it was written: %s", name, diff)
			}
			if f := findings(t, openStore(t, c)); len(f) != 0 {
				t.Errorf("%s: afterwards %q", name, f)
			}
		}
	})
	t.Run("not a database", func(t *testing.T) {
		c := config(t, newClock())
		if err := os.MkdirAll(filepath.Dir(c.Path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(c.Path, []byte(strings.Repeat("not a database ", 500)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), c); err == nil {
			t.Error("it was opened")
		}
	})
	t.Run("short keys", func(t *testing.T) {
		for _, spoil := range []func(*Config){func(c *Config) { c.LeafKey = nil }, func(c *Config) { c.AuditKey = make([]byte, 31) }} {
			c := config(t, newClock())
			spoil(&c)
			if _, err := Open(t.Context(), c); err == nil {
				t.Error("it was opened")
			}
		}
	})
}

// fileSums are the hashes of all files in a folder that hold anything.
func fileSums(t *testing.T, folder string) map[string][32]byte {
	t.Helper()
	sums := map[string][32]byte{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if len(b) > 0 {
			sums[path] = sha256.Sum256(b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// Of two processes that start together, one migrates.
func TestOpenTogether(t *testing.T) {
	c := config(t, newClock())
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() {
			s, err := Open(t.Context(), c)
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestEmptyStore(t *testing.T) {
	s, _ := newStore(t)
	if _, err := s.Submission(t.Context(), 5); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.ByReference(t.Context(), "R7K-4Q2"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if rows, err := s.Page(t.Context(), []string{"contact"}, 0, 50); len(rows) != 0 || err != nil {
		t.Error(rows, err)
	}
	r, err := s.VerifyAudit(t.Context())
	if err != nil || r.Entries != 1 || len(r.Findings) != 0 {
		t.Errorf("%+v %v", r, err)
	}
}
