package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"sealform/internal/event"
	"sealform/keys"
)

// recheckAfter is how old the knowledge of a group's key files may be when a form is sealed.
const recheckAfter = 2 * time.Second

// errKeyChanged closes a form: a key file is no longer the one that the service was started with.
var errKeyChanged = errors.New("a key file changed since the start")

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
	b, err := os.ReadFile(path) // #nosec G304 -- the operator's key files
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

// check says whether the group may be sealed to, from knowledge at most two seconds old.
func (g *group) check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if since := now.Sub(g.checked); since >= 0 && since < recheckAfter {
		return g.err
	}
	g.checked, g.err = now, g.recheck(now)
	return g.err
}

func (g *group) recheck(now time.Time) error {
	for _, f := range g.files {
		b, err := os.ReadFile(f.path)
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

// readers are the recipients of one form: the keys of all its groups, each once.
type readers struct {
	form   string
	groups []*group
	all    *keys.Recipients
	events *event.Log

	mu   sync.Mutex
	last event.Code
}

func newReaders(form string, gs []*group, events *event.Log) (*readers, error) {
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
		return nil, fmt.Errorf("form %q: %w", form, err)
	}
	return &readers{form: form, groups: gs, all: all, events: events}, nil
}

// recipients gives who to seal to, or an error that closes the form.
func (r *readers) recipients() (*keys.Recipients, error) {
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
