// Package durable puts files in place so that after a crash or a power cut the old file or the new one is there, whole,
// and its name too.
//
//	err := durable.Write(path, ".new-*", 0o600, content)
//
// The content is written beside the file under a hidden name, synced and renamed, and the folder is synced: a synced file
// can still lose its name with the power. A process that is killed in between leaves the hidden file; whoever owns the
// folder knows the pattern and may remove it. Nothing is ever written in place, and nothing is readable by others before
// its mode is set. What is kept here must be fit for the disk: this package encrypts nothing.
package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write puts content in place of the file at path, of that mode, and returns after it is durable. Until then it stands
// beside it under a name that the pattern makes, as in os.CreateTemp; after an error it is removed.
func Write(path, pattern string, mode fs.FileMode, content io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(path), pattern) // mode 0600
	if err != nil {
		return fmt.Errorf("making a file: %w", err)
	}
	_, err = io.Copy(f, content)
	if err == nil && mode != 0o600 {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing a file: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return SyncFolder(filepath.Dir(path))
}

// SyncFolder makes the names in a folder durable.
func SyncFolder(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- a folder that the operator named
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return fmt.Errorf("syncing %s: %w", dir, err)
	}
	return nil
}
