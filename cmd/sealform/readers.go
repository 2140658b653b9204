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

	"sealform/forms"
	"sealform/internal/event"
	"sealform/keys"
)

// recheckAfter is how old the knowledge of a group's key files may be when a form is sealed.
const recheckAfter = 2 * time.Second

// Key files are read by whoever waits for a form, so they may be neither long nor slow.
const (
	longestKeyFile = 64 << 10
	lookTime       = time.Second // what is not known by then counts as not there
)

// What closes a form beside a file that is gone or past its time: a key file is no longer the one that the service was
// started with, or can't be one.
var (
	errKeyChanged = errors.New("a key file changed since the start")
	errNotAFile   = errors.New("not a file")
	errLongKey    = errors.New("the file is larger than 64 KiB. Export it with fewer signatures: gpg --export-options export-minimal --armor --export NAME > reader.asc")
	errSlowKey    = errors.New("a key file cannot be read in time")
)

// group is the readers of one group as the key files named at start, each pinned by the hash of its file. A file that
// is gone, changed or past its time closes every form that is sealed to the group, until a restart accepts the change.
type group struct {
	name  string
	named int // how many files the configuration names
	files []keyFile
	now   func() time.Time

	mu      sync.Mutex
	checked time.Time
	err     error
	looking *look // under way, however long it takes; nil: none
}

// look is one reading of a group's files.
type look struct {
	due  time.Time
	done chan struct{} // closed when err is known
	err  error
}

type keyFile struct {
	path string
	hash [32]byte
	cert *keys.Certificate
}

// loadGroup reads the files; every fault is told, not only the first. A group without any is a fault of the
// configuration, and told there.
func loadGroup(name string, paths []string, now func() time.Time) (*group, []error) {
	g := &group{name: name, named: len(paths), now: now}
	var faults []error
	for _, path := range paths {
		f, err := loadKeyFile(path, now())
		if err != nil {
			faults = append(faults, fmt.Errorf("group %q: %w", name, err))
			continue
		}
		g.files = append(g.files, f)
	}
	g.checked = now()
	return g, faults
}

func loadKeyFile(path string, now time.Time) (keyFile, error) {
	b, err := readKeyFile(path)
	if err != nil {
		return keyFile{}, fmt.Errorf("reading a key file: %w", err)
	}
	cert, err := keys.ParseCertificate(b, now)
	if err != nil {
		return keyFile{}, fmt.Errorf("%s: %w", path, err)
	}
	return keyFile{path, sha256.Sum256(b), cert}, nil
}

// whole says whether every key file that was named could be used.
func (g *group) whole() bool { return len(g.files) > 0 && len(g.files) == g.named }

// check says whether the group may be sealed to, from knowledge at most two seconds old. Only one look is under way at a
// time, and nobody waits for it for longer than lookTime: a disk that hangs closes the form and holds up nobody.
func (g *group) check() error {
	g.mu.Lock()
	now := g.now()
	if since := now.Sub(g.checked); g.looking == nil && since >= 0 && since < recheckAfter {
		defer g.mu.Unlock()
		return g.err
	}
	if g.looking == nil {
		g.looking = &look{done: make(chan struct{}), due: time.Now().Add(lookTime)}
		go g.look(g.looking, now)
	}
	l := g.looking
	g.mu.Unlock()
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

func (g *group) look(l *look, now time.Time) {
	l.err = g.recheck(now)
	g.mu.Lock()
	g.checked, g.err, g.looking = now, l.err, nil
	g.mu.Unlock()
	close(l.done)
}

func (g *group) recheck(now time.Time) error {
	for _, f := range g.files {
		b, err := readKeyFile(f.path)
		if err != nil {
			return fmt.Errorf("reading a key file again: %w", err)
		}
		if sha256.Sum256(b) != f.hash {
			return errKeyChanged
		}
		if err := f.cert.Usable(now); err != nil {
			return err
		}
	}
	return nil
}

// readKeyFile reads a file that may be a link, but no folder, device or pipe; those it does not wait for either.
func readKeyFile(path string) (b []byte, err error) {
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
	b, err = io.ReadAll(io.LimitReader(f, longestKeyFile+1))
	if len(b) > longestKeyFile {
		return nil, fmt.Errorf("%s: %w", path, errLongKey)
	}
	return b, err
}

// readers are the recipients of one form: the keys of all its groups, each once.
type readers struct {
	form   string
	groups []*group
	all    *forms.Readers
	events *event.Log

	mu   sync.Mutex
	last event.Code
}

func newReaders(f *forms.Form, gs []*group, by *keys.Signer, events *event.Log) (*readers, error) {
	var certs []*keys.Certificate
	had := map[keys.Fingerprint]bool{}
	for _, g := range gs {
		for _, f := range g.files {
			if !had[f.cert.Fingerprint()] {
				had[f.cert.Fingerprint()] = true
				certs = append(certs, f.cert)
			}
		}
	}
	all, err := keys.NewRecipients(certs...)
	if err != nil {
		return nil, fmt.Errorf("form %q: %w", f.ID, err)
	}
	to := &forms.Readers{Store: all}
	if f.Mail != nil {
		for _, m := range f.Mail.To {
			to.Mails = append(to.Mails, forms.Envelope{To: m.Address, Sealer: all.By(by)})
		}
	}
	return &readers{form: f.ID, groups: gs, all: to, events: events}, nil
}

// recipients gives who to seal to, or an error that closes the form.
func (r *readers) recipients() (*forms.Readers, error) {
	for _, g := range r.groups {
		if err := g.check(); err != nil {
			r.tell(closedCode(err))
			return nil, err
		}
	}
	r.tell("")
	return r.all, nil
}

// tell logs a change of state once, not at each visit.
func (r *readers) tell(code event.Code) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if code != r.last && code != "" {
		r.events.Closed(r.form, code)
	}
	r.last = code
}

func closedCode(err error) event.Code {
	switch {
	case errors.Is(err, errKeyChanged):
		return "key_changed"
	case errors.Is(err, os.ErrNotExist):
		return "key_missing"
	case errors.Is(err, keys.ErrExpired):
		return "key_expired"
	default:
		return "key_unusable"
	}
}
