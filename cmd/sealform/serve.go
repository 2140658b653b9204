package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"sealform/internal/config"
	"sealform/internal/server"
)

func (p *program) serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run the service, or some of its roles",
		Description: "Each setting is a flag here, a SEALFORM_… variable (SEALFORM_INTAKE_ADDRESS) and a line of the file; a flag wins over\n" +
			"a variable, a variable over the file. Secrets have no flag: SEALFORM_MAIL_PASSWORD_FILE names a file with the relay's\npassword.",
		Flags: append(configFlags(), &cli.StringSliceFlag{
			Name: "role", Usage: "run only these: intake, viewer, deliver", Value: server.Roles(),
		}),
		Action: func(ctx context.Context, c *cli.Command) error {
			roles := c.StringSlice("role")
			for _, r := range roles {
				if !slices.Contains(server.Roles(), r) {
					return usagef(c, "there is no role %q; there are intake, viewer and deliver", r)
				}
			}
			cfg, err := p.readConfigSoFar(c)
			if cfg == nil {
				return config.Mend(err)
			}
			return p.serve(ctx, cfg, err, roles)
		},
	}
}

// serve runs the roles until ctx ends. faults are those of the configuration, nil for none.
func (p *program) serve(ctx context.Context, cfg *config.Config, faults error, roles []string) error {
	events := p.events(cfg.Log)
	return server.Run(ctx, server.Options{
		Config: cfg, Faults: faults, Roles: roles, Events: events, Now: p.now, Outward: p.outward, Version: version(),
	}, func(s *server.Server) error {
		if s.Delivers() {
			events.Started(server.Deliver, cfg.Mail.Relay, version())
		}
		p.sayReady(s, cfg, roles)
		return nil
	}, nil)
}

// sayReady tells the person who started the service at a terminal where its pages are. Logs are for the rest.
func (p *program) sayReady(s *server.Server, cfg *config.Config, roles []string) {
	f, ok := p.out.(*os.File)
	if !ok || !term.IsTerminal(descriptor(f)) {
		return
	}
	line := "Ready."
	if slices.Contains(roles, server.Intake) {
		line += fmt.Sprintf(" Visitors: https://%s/f/%s", cfg.Intake.Hosts[0], s.Forms()[0].ID)
	}
	if slices.Contains(roles, server.Viewer) {
		line += fmt.Sprintf(" Staff: https://%s", cfg.Viewer.Hosts[0])
	}
	if s.Mails() {
		line += " Mail goes out by " + cfg.Mail.Relay + "."
	}
	if unused := server.UnusedRecipients(cfg, s.Forms()); len(unused) > 0 {
		line += " Under recipients, but mailed by no form: " + strings.Join(unused, ", ") + "."
	}
	fmt.Fprintln(f, line+" (Ctrl-C stops it)") // a terminal that is gone stops nothing
}
