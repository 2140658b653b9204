package readers

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestOddKeyFiles: a key file is a file of some kilobytes, or it is refused without being waited for.
// covers CR02
func TestOddKeyFiles(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	key := []byte("a key")
	if err := errors.Join(
		os.WriteFile(at("file"), key, 0o600), os.Symlink("file", at("link")), os.Mkdir(at("folder"), 0o700), syscall.Mkfifo(at("pipe"), 0o600),
		os.Symlink("/dev/zero", at("zero")), os.WriteFile(at("most"), make([]byte, longestKeyFile), 0o600),
		os.WriteFile(at("more"), make([]byte, longestKeyFile+1), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{
		"file": nil, "link": nil, "most": nil, "folder": errNotAFile, "pipe": errNotAFile, "zero": errNotAFile, "more": errLongKey, "none": os.ErrNotExist,
	} {
		began := time.Now()
		b, err := readKeyFile(at(name))
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s took %v", name, took)
		}
		if (name == "file" || name == "link") && !bytes.Equal(b, key) {
			t.Errorf("%s: %q", name, b)
		}
	}
}

// TestALookThatHangs: while a disk does not answer, the form is closed and nobody waits; one look is under way, not one
// for each visitor, and its end is taken up.
func TestALookThatHangs(t *testing.T) {
	hung, end := context.WithTimeoutCause(t.Context(), -time.Second, errSlowKey)
	g := &group{watch: &watch{now: time.Now, looking: hung, look: func(time.Time) error { return nil }}}
	began := time.Now()
	for range 100 {
		if err := g.check(); !errors.Is(err, errSlowKey) {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("100 visitors waited %v", took)
	}
	if g.looking != hung {
		t.Error("another look was begun")
	}
	g.run(end, time.Now())
	if err := g.check(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
