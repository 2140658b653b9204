package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sealform/forms/file"

	"sealform/forms"
	"sealform/internal/config"
	"sealform/keys"
	"sealform/keys/smime"
)

// listRecipients shows the mailed addresses that have a key of their own, and which of them no form mails.
func (p *program) listRecipients(o *office, here map[keys.Fingerprint]bool) {
	if len(o.cfg.Recipients) == 0 {
		return
	}
	var unused []string
	if sources, err := formSources(o.cfg.Forms); err == nil {
		if found, _, err := file.ParseAll(sources); err == nil { // else sealform forms check tells
			unused = mailedByNone(o.cfg, found)
		}
	}
	fmt.Fprintln(p.out, "Addresses with a key of their own, under recipients:")
	for _, address := range slices.Sorted(maps.Keys(o.cfg.Recipients)) {
		r, note := o.cfg.Recipients[address], ""
		if slices.Contains(unused, address) {
			note = "; no form mails it"
		}
		fmt.Fprintf(p.out, "  %s: %s%s\n", address, shown(&r, p.now(), here), note)
	}
}

// mailedByNone are the addresses under recipients to which no form mails answers: their keys seal nothing.
func mailedByNone(c *config.Config, all []*forms.Form) (unused []string) {
	used := map[string]bool{}
	for _, f := range all {
		for _, to := range mailedTo(f) {
			used[strings.ToLower(to)] = true
		}
	}
	for _, address := range slices.Sorted(maps.Keys(c.Recipients)) {
		if !used[address] {
			unused = append(unused, address)
		}
	}
	return unused
}

// shown is the key in one line, or why it can't be used.
func shown(r *config.Recipient, now time.Time, here map[keys.Fingerprint]bool) string {
	switch {
	case r.Person && here[keys.Fingerprint(r.Fingerprint)]:
		return fmt.Sprintf("%s  the person's own, opens here", r.Fingerprint)
	case r.Person:
		return fmt.Sprintf("%s  the person's own, but it is not here", r.Fingerprint)
	case r.Key != "":
		f, err := loadKeyFile(r.Key, now)
		if err != nil {
			return fmt.Sprintf("can't be used: %v", err)
		}
		return fmt.Sprintf("%s  %s, OpenPGP, %s", f.cert.Fingerprint(), filepath.Base(r.Key), ends(f.cert))
	}
	cert, err := certificateOf(r, now)
	if err != nil {
		return fmt.Sprintf("can't be used: %v", err)
	}
	end, _ := cert.Ends(now)
	return fmt.Sprintf("%s  %s, S/MIME, ends on %s", cert.Fingerprint(), filepath.Base(r.Certificate), end.UTC().Format("2 January 2006"))
}

// certificateOf reads the files as they are now.
func certificateOf(r *config.Recipient, now time.Time) (*smime.Certificate, error) {
	c := &mailCertificate{list: r.CRL}
	pem, err := c.pin(r.Certificate)
	if err != nil {
		return nil, err
	}
	if r.CA != "" {
		if c.ca, err = c.pin(r.CA); err != nil {
			return nil, err
		}
	}
	list, err := c.readList()
	if err != nil {
		return nil, err
	}
	trust, err := smime.ParseTrust(c.ca, list)
	if err != nil {
		return nil, err
	}
	return smime.ParseCertificate(pem, trust, now)
}
