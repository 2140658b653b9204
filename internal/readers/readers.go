// Package readers knows who a form may be sealed to at this moment, or why the form is closed. It fails closed: whatever
// cannot be read, checked or found in time closes every form that needs it, and nothing stands in for it. A form opens
// again by itself once its keys are as they were when the service started.
//
// A form is sealed to groups, which are key files, each pinned by the hash that it had at the start: a file that is gone,
// changed or past its time closes the form until it is back or a restart accepts the change. A mailed address can have a
// key of its own: an OpenPGP key from such a file; the key that a person has in the store, pinned by its
// fingerprint, for whoever writes the database could swap it; or an X.509 certificate with its authority and revocation
// list, of which the list is read anew. Knowledge of keys is at most two seconds old when a form is sealed, and nobody
// waits longer than a second for it.
//
// A Set is filled in this order: ReadRecipients, ReadGroups, Add for each form, ReadPersons once the store is open. Each
// tells its faults, and with any of them the service must not start. After that Of answers for one form, from any number
// of goroutines.
//
// The package opens no store and sends nothing: the look-up of a person's key and the clock are given to it. It holds
// public keys alone.
package readers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/internal/config"
	"sealform/internal/event"
	"sealform/internal/notice"
	"sealform/keys"
	"sealform/keys/smime"
)

// Config is whose keys are read, and who signs what is sealed to them.
type Config struct {
	Groups     map[string][]string         // paths of key files
	Recipients map[string]config.Recipient // by address in lower case
	Signer     *keys.Signer                // signs OpenPGP; nil: no recipient is read, as the missing signer is told already
	SMIME      *smime.Signer               // signs S/MIME; nil: nothing can be sealed to a certificate
	Now        func() time.Time
	Events     *event.Log // is told when a form closes, once
}

// PersonKey looks up the certificate of the key with that fingerprint that the person of that address has here. Its errors
// are ErrNoAccount, ErrNoKey, ErrSwapped, ErrDisabled, or those of the store.
type PersonKey func(ctx context.Context, address string, f keys.Fingerprint) (*keys.Certificate, error)

// A person's key that may not be sealed to.
var (
	ErrNoAccount = errors.New("nobody of that address has an account here")
	ErrNoKey     = errors.New("that person has no key of that fingerprint here")
	ErrSwapped   = errors.New("that person's key in the database is not the one that the record says was put there")
	ErrDisabled  = errors.New("the account of that address is disabled")
)

// Errors that close a form which was not added, or whose readers had a fault.
var (
	errUnknown = errors.New("the form has no readers")
	errUnread  = errors.New("the key was not read, or had a fault")
)

// Set are the readers of all forms of a service.
type Set struct {
	config    Config
	groups    map[string]*group
	addresses map[string]*addressKey
	forms     []*form // in the order in which they were added

	mu     sync.Mutex
	looked time.Time // when closed was last found
	closed []string  // the ids of the forms that took nothing then
}

// New makes a set without any form, and with the key of each address closed until it is read.
func New(c Config) *Set {
	s := &Set{config: c, groups: map[string]*group{}, addresses: map[string]*addressKey{}}
	for address := range c.Recipients {
		s.addresses[address] = newAddressKey(&s.config, address)
	}
	return s
}

// form is one form's readers: the keys of all its groups, each once, and who is mailed.
type form struct {
	id     string
	groups []*group
	store  *keys.Recipients
	shared keys.Sealer // for mailed addresses that have no key of their own
	mailed []mailed

	mu   sync.Mutex
	last event.Code // why it is closed, "" for open
}

// mailed is one address of a form.
type mailed struct {
	to  string
	own *addressKey // nil: sealed to the form's groups
}

// Add finds the readers of a form. It is silent on a group that is not there, or one of whose files had a fault, as both
// are told already; Of closes such a form.
func (s *Set) Add(f *forms.Form) error {
	r := &form{id: f.ID}
	certs := map[keys.Fingerprint]*keys.Certificate{}
	var order []*keys.Certificate
	for _, name := range f.To {
		g := s.groups[name]
		if g == nil {
			return nil
		}
		r.groups = append(r.groups, g)
		for _, k := range g.files {
			if certs[k.cert.Fingerprint()] == nil {
				certs[k.cert.Fingerprint()] = k.cert
				order = append(order, k.cert)
			}
		}
	}
	var err error
	if r.store, err = keys.NewRecipients(order...); err != nil {
		return fmt.Errorf("form %q: %w", f.ID, err)
	}
	r.shared = r.store.By(s.config.Signer)
	for _, to := range MailedTo(f) {
		r.mailed = append(r.mailed, mailed{to, s.addresses[strings.ToLower(to)]})
	}
	s.forms = append(s.forms, r)
	return nil
}

// MailedTo are the addresses that get a form's answers; none is an empty list, never nil.
func MailedTo(f *forms.Form) []string {
	all := []string{}
	if f.Mail == nil {
		return all
	}
	for _, to := range f.Mail.To {
		if to.Level != forms.Notice {
			all = append(all, to.Address)
		}
	}
	return all
}

func (s *Set) form(id string) *form {
	if i := slices.IndexFunc(s.forms, func(f *form) bool { return f.id == id }); i >= 0 {
		return s.forms[i]
	}
	return nil
}

// Of gives the readers that the form is sealed to now, or an error that closes the form.
func (s *Set) Of(id string) (*record.Readers, error) {
	f := s.form(id)
	if f == nil {
		return nil, errUnknown
	}
	to, err := f.readers()
	f.mu.Lock()
	defer f.mu.Unlock()
	code := closedCode(err)
	if code != "" && code != f.last {
		s.config.Events.Closed(f.id, code)
	}
	f.last = code
	return to, err
}

func (f *form) readers() (*record.Readers, error) {
	for _, g := range f.groups {
		if err := g.check(); err != nil {
			return nil, err
		}
	}
	to := &record.Readers{Store: f.store}
	for _, m := range f.mailed {
		by := f.shared
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

func closedCode(err error) event.Code {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errKeyChanged), errors.Is(err, ErrSwapped):
		return "key_changed"
	case errors.Is(err, smime.ErrList): // also where its file is gone
		return "revocation_list"
	case errors.Is(err, ErrDisabled):
		return "account_disabled"
	case errors.Is(err, os.ErrNotExist), errors.Is(err, ErrNoAccount), errors.Is(err, ErrNoKey):
		return "key_missing"
	case errors.Is(err, keys.ErrExpired):
		return "key_expired"
	case errors.Is(err, keys.ErrRevoked):
		return "key_revoked"
	default:
		return "key_unusable"
	}
}

// Fingerprints of those whom a form's stored answers are sealed to.
func (s *Set) Fingerprints(id string) []keys.Fingerprint {
	if f := s.form(id); f != nil {
		return slices.Clone(f.store.Fingerprints())
	}
	return nil
}

// closedAge is how old the answer of Closed may be.
const closedAge = time.Minute

// Closed are the forms that take nothing now, as of a minute ago at most.
func (s *Set) Closed(now time.Time) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if since := now.Sub(s.looked); since >= 0 && since < closedAge {
		return s.closed
	}
	s.looked, s.closed = now, nil
	for _, f := range s.forms {
		if _, err := s.Of(f.id); err != nil {
			s.closed = append(s.closed, f.id)
		}
	}
	return s.closed
}

// Ends are the keys, certificates and revocation lists in use, by the key file's path or the address, with the time when
// each ends; what never does is left out.
func (s *Set) Ends(now time.Time) []notice.Ending {
	var all []notice.Ending
	add := func(name string, at time.Time) {
		if !at.IsZero() && !slices.ContainsFunc(all, func(e notice.Ending) bool { return e.Name == name }) {
			all = append(all, notice.Ending{Name: name, At: at})
		}
	}
	for _, f := range s.forms {
		for _, g := range f.groups {
			for _, k := range g.files {
				add(k.path, k.cert.Expires())
			}
		}
	}
	for _, address := range slices.Sorted(maps.Keys(s.addresses)) {
		add(s.addresses[address].end(now))
	}
	return all
}
