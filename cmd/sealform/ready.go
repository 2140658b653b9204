package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
)

// sayReady tells the person who started the service at a terminal where its pages are. Logs are for the rest.
func (p *program) sayReady(h *house, roles []string) {
	f, ok := p.out.(*os.File)
	if !ok || !term.IsTerminal(descriptor(f)) {
		return
	}
	line := "Ready."
	if slices.Contains(roles, roleIntake) {
		line += fmt.Sprintf(" Visitors: https://%s/f/%s", h.cfg.Intake.Hosts[0], h.forms[0].ID)
	}
	if slices.Contains(roles, roleViewer) {
		line += fmt.Sprintf(" Staff: https://%s", h.cfg.Viewer.Hosts[0])
	}
	if h.outbox != nil && h.relay != nil {
		line += " Mail goes out by " + h.cfg.Mail.Relay + "."
	}
	if unused := mailedByNone(h.cfg, h.forms); len(unused) > 0 {
		line += " Under recipients, but mailed by no form: " + strings.Join(unused, ", ") + "."
	}
	fmt.Fprintln(f, line+" (Ctrl-C stops it)") // a terminal that is gone stops nothing
}
