package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"sealform/forms"
	"sealform/internal/notice"
	"sealform/internal/outbox"
	"sealform/internal/text"
)

// checkDelivery tells what a form asks for and the configuration does not give.
func (h *house) checkDelivery(f *forms.Form) []error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("form %q "+format, append([]any{f.ID}, args...)...))
	}
	if what := mails(f); what != "" && h.cfg.Mail.Relay == "" {
		fault("%s, but mail.relay is not set", what)
	}
	if f.Mail != nil {
		for _, to := range f.Mail.To {
			c, known := h.cfg.Recipient(to.Address)
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
		hook, ok := h.cfg.Webhooks[name]
		switch {
		case !ok:
			fault("calls webhook %q, which is not in webhooks%s", name, orRather(name, h.cfg.Webhooks))
		case hook.Ciphertext && f.Store == nil:
			fault("has webhook %q, which is sent the sealed answers, but does not keep them: add store: to its deliver, or give the webhook send: ids", name)
		}
	}
	return faults
}

// mails says for what a form needs the relay; "" for nothing.
func mails(f *forms.Form) string {
	switch {
	case f.Mail != nil:
		return "is mailed"
	case len(f.Notify) > 0:
		return "has notices"
	case f.Receipt != nil:
		return "has receipts"
	}
	return ""
}

// checkRecipients tells of addresses that were probably meant for one of a form's: such a key would never be used, and
// the mail sealed to the form's groups instead.
func (h *house) checkRecipients() []error {
	var mailed []string
	for _, f := range h.forms {
		if f.Mail == nil {
			continue
		}
		for _, to := range f.Mail.To {
			mailed = append(mailed, strings.ToLower(to.Address))
		}
	}
	var faults []error
	for _, address := range slices.Sorted(maps.Keys(h.cfg.Recipients)) {
		near := text.Closest(address, mailed)
		if _, has := h.cfg.Recipients[near]; near != "" && !has && !slices.Contains(mailed, address) {
			faults = append(faults, fmt.Errorf("recipient %s is mailed by no form; did you mean %s?", address, near))
		}
	}
	return faults
}

// mailedTo are the addresses that get a form's answers; none is not nil, which would mean that they are not known.
func mailedTo(f *forms.Form) []string {
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

// mailedBy are those addresses, each with its own key or, without one, by the keys of the groups.
func (h *house) mailedBy(f *forms.Form) []mailed {
	var all []mailed
	for _, to := range mailedTo(f) {
		all = append(all, mailed{to, h.mailed[strings.ToLower(to)]})
	}
	return all
}

// notified are the addresses that are told that something came.
func notified(f *forms.Form) []notice.Notify {
	all := f.Notify
	if f.Mail != nil {
		for _, to := range f.Mail.To {
			if to.Level == forms.Notice {
				all = append(all[:len(all):len(all)], notice.Notify{Email: to.Address})
			}
		}
	}
	return all
}

func (h *house) words() notice.Words {
	return notice.Words{Clinic: h.cfg.Name, Subject: h.cfg.Notices.Subject, Text: h.cfg.Notices.Text}
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
func (h *house) ending(now time.Time) []outbox.Ending {
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
	for _, address := range slices.Sorted(maps.Keys(h.mailed)) {
		add(h.mailed[address].ending(now))
	}
	if h.smime != nil {
		add("the certificate that signs S/MIME mail", h.smime.Expires())
	}
	return all
}

// shut is which forms took nothing when that was last looked at.
type shut struct {
	mu    sync.Mutex
	at    time.Time
	forms []string
}

// lookAtForms is how old that may be.
const lookAtForms = time.Minute

// closed are the forms that take nothing now, as one of their keys is refused.
func (h *house) closed(now time.Time) []string {
	h.shut.mu.Lock()
	defer h.shut.mu.Unlock()
	if since := now.Sub(h.shut.at); since >= 0 && since < lookAtForms {
		return h.shut.forms
	}
	h.shut.at, h.shut.forms = now, nil
	for _, f := range h.forms {
		if _, err := h.readers[f.ID].recipients(); err != nil {
			h.shut.forms = append(h.shut.forms, f.ID)
		}
	}
	return h.shut.forms
}
