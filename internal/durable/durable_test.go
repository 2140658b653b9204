package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "head")
	for _, content := range []string{"old", "new"} {
		if err := Write(path, ".new-*", 0o600, strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != content {
			t.Errorf("%q, %v", b, err)
		}
	}
	for mode, name := range map[fs.FileMode]string{0o600: "secret", 0o644: "public"} {
		at := filepath.Join(filepath.Dir(path), name)
		if err := Write(at, ".new-*", mode, strings.NewReader("")); err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(at); err != nil || st.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, st.Mode(), err)
		}
	}
}

// TestWriteFails: what broke off leaves the old file, nothing beside it, and the reader's own error.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "head")
	if err := Write(path, ".new-*", 0o600, strings.NewReader("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken off")
	if err := Write(path, ".new-*", 0o600, io.MultiReader(strings.NewReader("ne"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "old" {
		t.Errorf("the old file holds %q", b)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files are left", len(entries))
	}
	if err := Write(filepath.Join(dir, "missing", "head"), ".new-*", 0o600, strings.NewReader("")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
