package readers

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"sealform/keys"
)

// group is the key files of one group as they were at the start.
type group struct {
	*watch
	named int // how many files the configuration names
	files []keyFile
}

type keyFile struct {
	pin
	cert *keys.Certificate
}

// ReadGroups reads the key files of every group and tells every fault of them. A group without any file is a fault of the
// configuration, and told there.
func (s *Set) ReadGroups() []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(s.config.Groups)) {
		paths := s.config.Groups[name]
		g := &group{named: len(paths)}
		g.watch = newWatch(s.config.Now, g.recheck)
		for _, path := range paths {
			f, err := readKey(path, s.config.Now())
			if err != nil {
				faults = append(faults, fmt.Errorf("group %q: %w", name, err))
				continue
			}
			g.files = append(g.files, f)
		}
		s.groups[name] = g
	}
	return faults
}

// ReadKey reads an OpenPGP certificate that can be sealed to now.
func ReadKey(path string, now time.Time) (*keys.Certificate, error) {
	f, err := readKey(path, now)
	return f.cert, err
}

func readKey(path string, now time.Time) (keyFile, error) {
	p, b, err := pinFile(path)
	if err != nil {
		return keyFile{}, err
	}
	cert, err := keys.ParseCertificate(b, now)
	if err != nil {
		return keyFile{}, fmt.Errorf("%s: %w", path, err)
	}
	return keyFile{p, cert}, nil
}

// complete says whether every key file that was named could be used.
func (g *group) complete() bool { return len(g.files) > 0 && len(g.files) == g.named }

func (g *group) recheck(now time.Time) error {
	for _, f := range g.files {
		if err := f.holds(); err != nil {
			return err
		}
		if err := f.cert.Usable(now); err != nil {
			return err
		}
	}
	return nil
}
