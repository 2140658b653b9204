package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// writable refuses a file or folder that others may change: whoever changes it decides who reads the answers.
func writable(file string) error {
	if st, err := os.Stat(file); err == nil && st.Mode().Perm()&0o022 != 0 { // #nosec G703 -- the operator's own paths
		return fmt.Errorf("%s: others on this machine may change it (mode %04o); look through it, then run: chmod go-w %s", file, st.Mode().Perm(), file)
	}
	return nil
}

// Writable refuses what others may change of all that the configuration names and that decides who reads what: questions,
// and who they go to. What is not there is told where it is read.
func (c *Config) Writable() (faults []error) {
	all := []string{c.Forms, c.Mail.CA, c.TLS.CA}
	if forms, err := filepath.Glob(filepath.Join(c.Forms, "*.yaml")); err == nil {
		all = append(all, forms...)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Groups)) {
		all = append(all, c.Groups[name]...)
	}
	for _, address := range slices.Sorted(maps.Keys(c.Recipients)) {
		r := c.Recipients[address]
		all = append(all, r.Key, r.Certificate, r.CA, r.CRL)
	}
	for i, file := range all {
		if file != "" && !slices.Contains(all[:i], file) {
			faults = append(faults, writable(file))
		}
	}
	return faults
}
