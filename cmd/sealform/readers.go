package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"sealform/forms/record"
	"sealform/internal/event"
	"sealform/keys"
	"sealform/keys/smime"
)

// group is the readers of one group as the key files named at start, each pinned by the hash of its file. A file that
// is gone, changed or past its time closes every form that is sealed to the group, until a restart accepts the change.
type group struct {
	*watch
	name  string
	named int // how many files the configuration names
	files []keyFile
}

type keyFile struct {
	pin
	cert *keys.Certificate
}

// loadGroup reads the files; every fault is told, not only the first. A group without any is a fault of the
// configuration, and told there.
func loadGroup(name string, paths []string, now func() time.Time) (*group, []error) {
	g := &group{name: name, named: len(paths)}
	g.watch = &watch{now: now, look: g.recheck, checked: now()}
	var faults []error
	for _, path := range paths {
		f, err := loadKeyFile(path, now())
		if err != nil {
			faults = append(faults, fmt.Errorf("group %q: %w", name, err))
			continue
		}
		g.files = append(g.files, f)
	}
	return g, faults
}

func loadKeyFile(path string, now time.Time) (keyFile, error) {
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

// whole says whether every key file that was named could be used.
func (g *group) whole() bool { return len(g.files) > 0 && len(g.files) == g.named }

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

// readers are the recipients of one form: the keys of all its groups, each once, and who is mailed.
type readers struct {
	form   string
	groups []*group
	store  *keys.Recipients
	shared keys.Sealer // for mailed addresses that have no key of their own
	mailed []mailed
	events *event.Log

	mu   sync.Mutex
	last event.Code
}

// mailed is one address of a form.
type mailed struct {
	to  string
	own *recipient // nil: sealed to the form's groups
}

func newReaders(form string, gs []*group, by *keys.Signer, events *event.Log) (*readers, error) {
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
	return &readers{form: form, groups: gs, store: all, shared: all.By(by), events: events}, nil
}

// recipients gives who to seal to, or an error that closes the form.
func (r *readers) recipients() (*record.Readers, error) {
	to, err := r.look()
	if err != nil {
		r.tell(closedCode(err))
		return nil, err
	}
	r.tell("")
	return to, nil
}

func (r *readers) look() (*record.Readers, error) {
	for _, g := range r.groups {
		if err := g.check(); err != nil {
			return nil, err
		}
	}
	to := &record.Readers{Store: r.store}
	for _, m := range r.mailed {
		by := r.shared
		if m.own != nil {
			var err error
			if by, err = m.own.sealer(); err != nil {
				return nil, err
			}
		}
		to.Mails = append(to.Mails, record.Envelope{To: m.to, Sealer: by})
	}
	return to, nil
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
	case errors.Is(err, errKeyChanged), errors.Is(err, errSwapped):
		return "key_changed"
	case errors.Is(err, smime.ErrList): // also where its file is gone
		return "revocation_list"
	case errors.Is(err, errDisabled):
		return "account_disabled"
	case errors.Is(err, os.ErrNotExist), errors.Is(err, errNoAccount), errors.Is(err, errNoKey):
		return "key_missing"
	case errors.Is(err, keys.ErrExpired):
		return "key_expired"
	case errors.Is(err, keys.ErrRevoked):
		return "key_revoked"
	default:
		return "key_unusable"
	}
}
