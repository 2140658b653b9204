package postbox

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"sealform/internal/durable"
)

const (
	hidden = ".arriving-"
	suffix = ".eml"
	stamp  = "20060102T150405.000000000Z"
)

var named = regexp.MustCompile(`\A[0-9]{8}T[0-9]{6}\.[0-9]{9}Z-[0-9a-f]{8}\.eml\z`)

// IsName says whether name is one that this package gives; no such name leads out of the folder.
func IsName(name string) bool { return named.MatchString(name) }

// List names the messages in dir, the newest first. A missing folder holds none.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listing mail: %w", err)
	}
	var names []string
	for _, e := range entries {
		if IsName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Reverse(names) // ReadDir sorts by name, which is by time
	return names, nil
}

// keep returns after the message is durable under a name by which List finds it.
func keep(dir string, at time.Time, r io.Reader) error {
	tail := make([]byte, 4)
	_, _ = rand.Read(tail) // never fails (crypto/rand)
	name := at.UTC().Format(stamp) + "-" + hex.EncodeToString(tail) + suffix
	if err := durable.Write(filepath.Join(dir, name), hidden, 0o600, r); err != nil {
		return fmt.Errorf("keeping a message: %w", err)
	}
	return nil
}

// sweep removes what was arriving when an earlier run ended: it was never acknowledged, so its sender has it.
func sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("clearing the mail folder: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), hidden) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("clearing the mail folder: %w", err)
			}
		}
	}
	return nil
}
