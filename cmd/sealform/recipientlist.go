package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"sealform/internal/config"
	"sealform/internal/readers"
	"sealform/internal/server"
	"sealform/keys"
)

// listRecipients shows the mailed addresses that have a key of their own, and which of them no form mails.
func (p *program) listRecipients(o *operator, here map[keys.Fingerprint]bool) {
	if len(o.cfg.Recipients) == 0 {
		return
	}
	var unused []string
	if found, err := server.ReadForms(o.cfg.Forms); err == nil { // else sealform forms check tells
		unused = server.UnusedRecipients(o.cfg, found)
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

// shown is the key in one line, or why it can't be used.
func shown(r *config.Recipient, now time.Time, here map[keys.Fingerprint]bool) string {
	switch {
	case r.Person && here[keys.Fingerprint(r.Fingerprint)]:
		return fmt.Sprintf("%s  the person's own, opens here", r.Fingerprint)
	case r.Person:
		return fmt.Sprintf("%s  the person's own, but it is not here", r.Fingerprint)
	case r.Key != "":
		cert, err := readers.ReadKey(r.Key, now)
		if err != nil {
			return fmt.Sprintf("can't be used: %v", err)
		}
		return fmt.Sprintf("%s  %s, OpenPGP, %s", cert.Fingerprint(), filepath.Base(r.Key), ends(cert))
	}
	cert, err := readers.ReadCertificate(r, now)
	if err != nil {
		return fmt.Sprintf("can't be used: %v", err)
	}
	end, _ := cert.Ends(now)
	return fmt.Sprintf("%s  %s, S/MIME, ends on %s", cert.Fingerprint(), filepath.Base(r.Certificate), end.UTC().Format("2 January 2006"))
}
