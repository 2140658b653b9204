package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"sealform/internal/config"
	"sealform/internal/hint"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
)

// The person's key is not in the store, or no longer.
var (
	errNoAccount = errors.New("nobody of that address has an account here")
	errNoKey     = errors.New("that person has no key of that fingerprint here")
	errSwapped   = errors.New("that person's key in the database is not the one that the record says was put there")
	errDisabled  = errors.New("the account of that address is disabled")
)

// recipient is a mailed address that has a key of its own, as the service was started with it.
type recipient struct {
	*watch
	address string
	config  config.Recipient

	mu   sync.Mutex
	seal keys.Sealer // as good as the last look
	ends keyEnd
}

// keyEnd is when a key ends, as far as that is known at that time, and whether that is for a revocation list alone; zero: never.
type keyEnd func(at time.Time) (end time.Time, list bool)

// sealer gives what seals to the address now, or an error that closes the form.
func (r *recipient) sealer() (keys.Sealer, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("the key of a mailed address: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seal, nil
}

func (r *recipient) set(s keys.Sealer, e keyEnd) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seal, r.ends = s, e
}

// ending is when the key ends; zero: never. It looks first, as nobody else may have since the list was renewed.
func (r *recipient) ending(at time.Time) (name string, end time.Time) {
	_ = r.check() // told where the form is looked at; the end is that of what was last good
	r.mu.Lock()
	defer r.mu.Unlock()
	end, list := r.ends(at)
	if list {
		return r.address + " (its revocation list)", end
	}
	return r.address, end
}

// openRecipients reads the keys of single addresses; those of persons come when the store is open.
func (h *house) openRecipients() []error {
	h.mailed = map[string]*recipient{}
	if h.signer == nil {
		return nil // told already
	}
	var faults []error
	for _, address := range slices.Sorted(maps.Keys(h.cfg.Recipients)) {
		r := &recipient{address: address, config: h.cfg.Recipients[address]}
		var err error
		switch {
		case r.config.Person:
		case r.config.Key != "":
			err = r.loadKey(h)
		case r.config.Certificate != "":
			err = r.loadCertificate(h)
		default:
			continue // told when it was read
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("recipient %s: %w", address, err))
			continue
		}
		h.mailed[address] = r
	}
	return faults
}

// openPersons finds the keys of those recipients whose key is the one that they have here.
func (h *house) openPersons(ctx context.Context) error {
	var faults config.Faults
	for _, address := range slices.Sorted(maps.Keys(h.mailed)) {
		r := h.mailed[address]
		if !r.config.Person {
			continue
		}
		if err := r.loadPerson(ctx, h); err != nil {
			faults = append(faults, fmt.Errorf("recipient %s: %w", address, err))
		}
	}
	return faults.AsError()
}

func (r *recipient) loadKey(h *house) error {
	f, err := loadKeyFile(r.config.Key, h.now())
	if err != nil {
		return err
	}
	return r.pinKey(h, f.cert, f.holds)
}

// loadPerson pins the person's certificate. Whoever can write the database can swap it there: the fingerprint in
// sealform.yaml says which it must be, and it must stay as it was at the start.
func (r *recipient) loadPerson(ctx context.Context, h *house) error {
	cert, err := r.personsKey(ctx, h)
	if err != nil {
		return err
	}
	return r.pinKey(h, cert, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		defer cancel()
		now, err := r.personsKey(ctx, h)
		if err == nil && now.Hash() != cert.Hash() {
			err = errKeyChanged
		}
		return err
	})
}

// personsKey reads the person's certificate from the store as it is now.
func (r *recipient) personsKey(ctx context.Context, h *house) (*keys.Certificate, error) {
	account, err := h.store.Account(ctx, r.address)
	if errors.Is(err, store.ErrNotFound) {
		return nil, hint.Add(errNoAccount, "`sealform user list`, or key: with a file")
	}
	if err != nil {
		return nil, err
	}
	if account.Disabled {
		return nil, hint.Add(errDisabled, "take %s out of the forms and recipients, give it key: with a file, or `sealform user disable --email %s --undo`", r.address, r.address)
	}
	held, err := h.store.KeysOf(ctx, account.ID)
	if err != nil {
		return nil, err
	}
	for _, k := range held {
		if string(k.Fingerprint) != r.config.Fingerprint {
			continue
		}
		locked, err := private.ParseLocked(k.Locked)
		if err != nil {
			return nil, err
		}
		return keys.ParseCertificate(locked.Certificate(), h.now())
	}
	return nil, h.whyNoKey(ctx, keys.Fingerprint(r.config.Fingerprint))
}

// whyNoKey tells a key that is not here from one that somebody put into the database past this program.
func (h *house) whyNoKey(ctx context.Context, f keys.Fingerprint) error {
	held, err := h.store.Keys(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(held, func(k store.LockedKey) bool { return k.Fingerprint == f }) {
		return hint.Add(errSwapped, "`sealform audit verify`, which says what was touched")
	}
	return hint.Add(errNoKey, "`sealform keys list`")
}

// pinKey takes an OpenPGP certificate for the address; holds says whether its source still has it.
func (r *recipient) pinKey(h *house, cert *keys.Certificate, holds func() error) error {
	if want := r.config.Fingerprint; want != "" && want != string(cert.Fingerprint()) {
		return fmt.Errorf("the key has the fingerprint %s, not the one in sealform.yaml", cert.Fingerprint())
	}
	s, err := r.openPGP(h.signer, cert)
	if err != nil {
		return err
	}
	r.set(s, func(time.Time) (time.Time, bool) { return cert.Expires(), false })
	r.watch = &watch{now: h.now, checked: h.now(), look: func(at time.Time) error {
		if err := holds(); err != nil {
			return err
		}
		return cert.Usable(at)
	}}
	return nil
}

func (r *recipient) openPGP(by *keys.Signer, cert *keys.Certificate) (keys.Sealer, error) {
	if r.config.Modern {
		return keys.NewModern(by, cert)
	}
	to, err := keys.NewRecipients(cert)
	if err != nil {
		return nil, err
	}
	return to.By(by), nil
}
