package readers

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"sealform/keys"
)

// Key files are read by whoever waits for a form, so they may be neither long nor slow.
const (
	longestKeyFile = 64 << 10
	longestList    = 16 << 20 // a revocation list
)

// Errors that close a form beside a file that is gone or past its time: a key file is no longer the one that the service
// was started with, or can't be one.
var (
	errKeyChanged = errors.New("a key file changed since the start")
	errNotAFile   = errors.New("not a file")
	errLongKey    = errors.New("the file is larger than 64 KiB. Export it with fewer signatures: gpg --export-options export-minimal --armor --export NAME > reader.asc")
	errLongList   = errors.New("the file is larger than 16 MiB")
)

// pin is a file as it was at the start.
type pin struct {
	path string
	hash [32]byte
}

// pinFile reads a file and remembers what it held.
func pinFile(path string) (pin, []byte, error) {
	b, err := readKeyFile(path)
	if err != nil {
		return pin{}, nil, fmt.Errorf("reading a key file: %w", err)
	}
	return pin{path, sha256.Sum256(b)}, b, nil
}

// unchanged says whether the file is still the one of the start.
func (p pin) unchanged() error {
	b, err := readKeyFile(p.path)
	if err != nil {
		return fmt.Errorf("reading a key file again: %w", err)
	}
	if sha256.Sum256(b) != p.hash {
		return errKeyChanged
	}
	return nil
}

func readKeyFile(path string) ([]byte, error) { return readBounded(path, longestKeyFile, errLongKey) }

// readBounded reads a file that may be a link, but no folder, device or pipe; those it does not wait for either.
func readBounded(path string, most int64, tooLong error) (b []byte, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // #nosec G304 -- the operator's key files
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, errNotAFile)
	}
	b, err = io.ReadAll(io.LimitReader(f, most+1))
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%s: %w", path, tooLong)
	}
	return b, err
}

// group is the key files of one group as they were at the start, all of them.
type group struct {
	*watch
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
		g := &group{}
		g.watch = newWatch(s.config.Now, g.recheck)
		for _, path := range paths {
			f, err := readKey(path, s.config.Now())
			if err != nil {
				faults = append(faults, fmt.Errorf("group %q: %w", name, err))
				continue
			}
			g.files = append(g.files, f)
		}
		if len(g.files) > 0 && len(g.files) == len(paths) { // else the readers would be too few
			s.groups[name] = g
		}
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

func (g *group) recheck(now time.Time) error {
	for _, f := range g.files {
		if err := f.unchanged(); err != nil {
			return err
		}
		if err := f.cert.Usable(now); err != nil {
			return err
		}
	}
	return nil
}
