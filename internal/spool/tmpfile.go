package spool

import (
	"fmt"
	"os"
)

// leftover matches what a crash between making and removing can leave: ciphertext whose key is gone.
const leftover = "upload-*.sealed"

// madeAndRemoved is for systems and file systems without O_TMPFILE.
func madeAndRemoved(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, leftover) // 0600
	if err != nil {
		return nil, fmt.Errorf("making a file: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close() // the first error is the one to tell
		return nil, fmt.Errorf("removing a file's name: %w", err)
	}
	return f, nil
}
