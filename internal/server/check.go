package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sealform/forms"
	"sealform/internal/config"
	"sealform/internal/readers"
	"sealform/internal/text"
)

// nearName stands behind the fault of a name that is not known.
const nearName = "; did you mean %q?"

// checkForms holds the forms and the configuration against each other, and finds each form's readers.
func (s *Server) checkForms() []error {
	var faults []error
	for _, f := range s.forms {
		faults = append(faults, s.checkDelivery(f)...)
		for _, name := range f.To {
			if _, ok := s.config.Groups[name]; !ok {
				faults = append(faults, fmt.Errorf("form %q is sealed to group %q, which is not in groups%s", f.ID, name, text.Near(nearName, name, slices.Sorted(maps.Keys(s.config.Groups)))))
			}
		}
		faults = append(faults, s.readers.Add(f))
	}
	return append(faults, s.checkRecipients()...)
}

// checkDelivery tells the faults of a form's deliveries: relay, recipients or webhooks that the configuration does not give.
func (s *Server) checkDelivery(f *forms.Form) []error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("form %q "+format, append([]any{f.ID}, args...)...))
	}
	if what := relayUse(f); what != "" && s.config.Mail.Relay == "" {
		fault("%s, but mail.relay is not set", what)
	}
	if f.Mail != nil {
		for _, to := range f.Mail.To {
			c, known := s.config.Recipient(to.Address)
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
		hook, ok := s.config.Webhooks[name]
		switch {
		case !ok:
			fault("calls webhook %q, which is not in webhooks%s", name, text.Near(nearName, name, slices.Sorted(maps.Keys(s.config.Webhooks))))
		case hook.Ciphertext && f.Store == nil:
			fault("has webhook %q, which is sent the sealed answers, but does not keep them: add store: to its deliver, or give the webhook send: ids", name)
		}
	}
	return faults
}

// relayUse says for what a form needs the relay; "" for nothing.
func relayUse(f *forms.Form) string {
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
func (s *Server) checkRecipients() []error {
	var mailed []string
	for _, f := range s.forms {
		if f.Mail == nil {
			continue
		}
		for _, to := range f.Mail.To {
			mailed = append(mailed, strings.ToLower(to.Address))
		}
	}
	var faults []error
	for _, address := range slices.Sorted(maps.Keys(s.config.Recipients)) {
		near := text.Closest(address, mailed)
		if _, has := s.config.Recipients[near]; near != "" && !has && !slices.Contains(mailed, address) {
			faults = append(faults, fmt.Errorf("recipient %s is mailed by no form; did you mean %s?", address, near))
		}
	}
	return faults
}

// UnusedRecipients are the addresses under recipients to which no form mails answers: their keys seal nothing.
func UnusedRecipients(c *config.Config, all []*forms.Form) []string {
	unused := maps.Clone(c.Recipients)
	for _, f := range all {
		for _, to := range readers.MailedTo(f) {
			delete(unused, strings.ToLower(to))
		}
	}
	return slices.Sorted(maps.Keys(unused))
}
