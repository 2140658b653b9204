package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// recheckAfter is how old the knowledge of key files may be when a form is sealed.
const recheckAfter = 2 * time.Second

// Key files are read by whoever waits for a form, so they may be neither long nor slow.
const (
	longestKeyFile = 64 << 10
	longestList    = 16 << 20    // a revocation list
	lookTime       = time.Second // what is not known by then counts as not there
)

// What closes a form beside a file that is gone or past its time: a key file is no longer the one that the service was
// started with, or can't be one.
var (
	errKeyChanged = errors.New("a key file changed since the start")
	errNotAFile   = errors.New("not a file")
	errLongKey    = errors.New("the file is larger than 64 KiB. Export it with fewer signatures: gpg --export-options export-minimal --armor --export NAME > reader.asc")
	errLongList   = errors.New("the file is larger than 16 MiB")
	errSlowKey    = errors.New("a key file cannot be read in time")
)

// watch knows, from at most two seconds ago, whether keys may be sealed to. Only one look is under way at a time, and
// nobody waits for it for longer than lookTime: a disk that hangs closes the form and holds up nobody.
type watch struct {
	look func(now time.Time) error // reads and checks; called by one goroutine at a time
	now  func() time.Time

	mu      sync.Mutex
	checked time.Time
	err     error
	looking *look // under way, however long it takes; nil: none
}

// look is one reading of the files.
type look struct {
	due  time.Time
	done chan struct{} // closed when err is known
	err  error
}

// check says whether they may be sealed to.
func (w *watch) check() error {
	w.mu.Lock()
	now := w.now()
	if since := now.Sub(w.checked); w.looking == nil && since >= 0 && since < recheckAfter {
		defer w.mu.Unlock()
		return w.err
	}
	if w.looking == nil {
		w.looking = &look{done: make(chan struct{}), due: time.Now().Add(lookTime)}
		go w.run(w.looking, now)
	}
	l := w.looking
	w.mu.Unlock()
	late := time.NewTimer(time.Until(l.due))
	defer late.Stop()
	select {
	case <-l.done:
		return l.err
	case <-late.C:
	}
	select {
	case <-l.done: // both at once
		return l.err
	default:
		return errSlowKey
	}
}

func (w *watch) run(l *look, now time.Time) {
	l.err = w.look(now)
	w.mu.Lock()
	w.checked, w.err, w.looking = now, l.err, nil
	w.mu.Unlock()
	close(l.done)
}

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

// holds says whether the file is still the one of the start.
func (p pin) holds() error {
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
