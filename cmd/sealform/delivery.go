package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sealform/forms"
	"sealform/internal/notice"
	"sealform/internal/outbox"
	"sealform/keys"
	"sealform/keys/private"
)

// openRecipients reads the keys of single addresses; those of persons come when the store is open.
func (h *house) openRecipients() []error {
	h.mailed = map[string]*recipient{}
	var faults []error
	if h.signer == nil {
		return nil // told already
	}
	for _, address := range sortedKeys(h.cfg.Recipients) {
		r, err := h.loadRecipient(address, h.cfg.Recipients[address])
		if err != nil {
			faults = append(faults, err)
			continue
		}
		h.mailed[address] = r
	}
	return faults
}

// openPersons finds the keys of those recipients whose key is the one that they have here.
func (h *house) openPersons(ctx context.Context) error {
	for _, address := range sortedKeys(h.mailed) {
		r := h.mailed[address]
		if r.config.Key != fromPerson {
			continue
		}
		cert, err := h.personsKey(ctx, address, r.config.Fingerprint)
		if err == nil {
			err = r.pinKey(h, cert, func() error { return nil }) // pinned by its fingerprint, which is in the file
		}
		if err != nil {
			return fmt.Errorf("recipient %s: %w", address, err)
		}
	}
	return nil
}

func (h *house) personsKey(ctx context.Context, address string, want keys.Fingerprint) (*keys.Certificate, error) {
	held, err := h.store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	account, err := h.store.Account(ctx, address)
	if err != nil {
		return nil, try(errors.New("nobody of that address has an account"), "`sealform user list`, or key: with a file")
	}
	for _, k := range held {
		if k.Account != account.ID || k.Fingerprint != want {
			continue
		}
		locked, err := private.ParseLocked(k.Locked)
		if err != nil {
			return nil, err
		}
		return keys.ParseCertificate(locked.Certificate(), h.now())
	}
	return nil, try(errors.New("that person has no key of that fingerprint here"), "`sealform keys list`")
}

// checkDelivery tells what a form asks for and the configuration does not give.
func (h *house) checkDelivery(f *forms.Form) []error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("form %q "+format, append([]any{f.ID}, args...)...))
	}
	if (f.Mail != nil || len(f.Notify) > 0 || f.Receipt != nil) && h.cfg.Mail.Relay == "" {
		fault("is mailed, but mail.relay is not set")
	}
	if f.Mail != nil {
		for _, to := range f.Mail.To {
			c, known := h.cfg.Recipients[to.Address]
			smime := known && c.Certificate != ""
			switch {
			case to.Level == forms.SMIME && !smime:
				fault("mails %s by S/MIME: add its certificate to recipients in sealform.yaml", to.Address)
			case to.Level == forms.PGP && smime:
				fault("mails %s by OpenPGP, but recipients has a certificate for it: give it a key, or write level: smime", to.Address)
			}
		}
	}
	for _, name := range f.Webhooks {
		if _, ok := h.cfg.Webhooks[name]; !ok {
			fault("calls webhook %q, which is not in webhooks%s", name, orRather(name, h.cfg.Webhooks))
		}
	}
	return faults
}

// mailedBy are the addresses that get a form's answers, each with its own key or, without one, by the keys of the groups.
func (h *house) mailedBy(f *forms.Form) []mailed {
	var all []mailed
	if f.Mail == nil {
		return nil
	}
	for _, to := range f.Mail.To {
		if to.Level != forms.Notice {
			all = append(all, mailed{to.Address, h.mailed[to.Address]})
		}
	}
	return all
}

// notified are the addresses that are told that something came.
func notified(f *forms.Form) []forms.Notify {
	all := f.Notify
	if f.Mail != nil {
		for _, to := range f.Mail.To {
			if to.Level == forms.Notice {
				all = append(all[:len(all):len(all)], forms.Notify{Email: to.Address})
			}
		}
	}
	return all
}

func (h *house) words() notice.Words {
	return notice.Words{Clinic: h.cfg.Name, Subject: h.cfg.Notices.Subject, Text: h.cfg.Notices.Text}
}

func (h *house) openNotices() error {
	if err := h.words().Check(); err != nil {
		return fmt.Errorf("notices: %w", err)
	}
	return nil
}

// ending is a key in use that will stop to be.
type ending struct {
	name string
	at   func() time.Time
}

func (g *group) endings() []ending {
	var all []ending
	for _, f := range g.files {
		all = append(all, ending{f.path, f.cert.Expires})
	}
	return all
}

// ending says when keys and certificates in use end; those that never do are left out.
func (h *house) ending(time.Time) []outbox.Ending {
	var all []outbox.Ending
	seen := map[string]bool{}
	add := func(name string, at time.Time) {
		if !at.IsZero() && !seen[name] {
			seen[name] = true
			all = append(all, outbox.Ending{Name: name, At: at})
		}
	}
	for _, e := range h.endings {
		add(e.name, e.at())
	}
	for _, address := range sortedKeys(h.mailed) {
		r := h.mailed[address]
		r.mu.Lock()
		at := r.ends
		r.mu.Unlock()
		add(address, at)
	}
	return all
}
