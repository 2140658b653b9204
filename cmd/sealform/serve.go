package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"sealform/intake"
	"sealform/internal/spool"
	"sealform/internal/token"
	"sealform/internal/web"
	"sealform/keys/private"
	"sealform/viewer"
)

// keyIdle is how long an unlocked key stays open without use.
const keyIdle = 10 * time.Minute

// roles that serve can run; all of them unless told.
const (
	roleIntake  = "intake"
	roleViewer  = "viewer"
	roleDeliver = "deliver"
)

func (p *program) serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run the service",
		Flags: append(configFlags(), &cli.StringSliceFlag{
			Name: "role", Usage: "run only these: intake, viewer, deliver", Value: []string{roleIntake, roleViewer, roleDeliver},
		}),
		OnUsageError: wrongCall,
		Action: func(ctx context.Context, c *cli.Command) error {
			cfg, err := p.readConfig(c)
			if err != nil {
				return err
			}
			roles := c.StringSlice("role")
			if err := checkRoles(roles); err != nil {
				return err
			}
			return p.serve(ctx, cfg, roles)
		},
	}
}

func checkRoles(roles []string) error {
	for _, r := range roles {
		if !slices.Contains([]string{roleIntake, roleViewer, roleDeliver}, r) {
			return &usageError{fmt.Sprintf("there is no role %q; there are intake, viewer and deliver", r)}
		}
	}
	return nil
}

// serve opens the house and runs its roles until ctx ends.
func (p *program) serve(ctx context.Context, cfg *config, roles []string) (err error) {
	events := p.events(cfg.Log)
	h, err := openHouse(ctx, cfg, events, p.now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	var doors []door
	if slices.Contains(roles, roleIntake) || slices.Contains(roles, roleViewer) {
		if doors, err = h.doors(ctx, roles); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tasks := h.background(ctx, roles)
	defer func() { cancel(); tasks.Wait() }()
	if len(doors) == 0 {
		<-ctx.Done()
		return nil
	}
	return serveDoors(ctx, events, func() error { return nil }, doors...)
}

// doors opens the listeners of the roles and, where configured, the plain one that only redirects.
func (h *house) doors(ctx context.Context, roles []string) ([]door, error) {
	tc, wrapPlain, err := h.tls(ctx, roles)
	if err != nil {
		return nil, err
	}
	var doors []door
	add := func(role, address string, handler http.Handler, tc *tls.Config) error {
		ln, err := listen(ctx, role, address)
		if err == nil {
			doors = append(doors, door{role: role, ln: ln, handler: handler, tls: tc, http1: role == roleViewer})
		}
		return err
	}
	if slices.Contains(roles, roleIntake) {
		handler, err := h.intake(ctx, roles)
		if err == nil {
			err = add(roleIntake, h.cfg.Intake.Address, handler, tc)
		}
		if err != nil {
			return nil, err
		}
	}
	if slices.Contains(roles, roleViewer) {
		handler, err := h.viewer()
		if err == nil {
			err = add(roleViewer, h.cfg.Viewer.Address, handler, tc)
		}
		if err != nil {
			return nil, err
		}
	}
	if h.cfg.TLS.Plain != "" {
		plain, err := web.PlainHTTP(append(slices.Clone(h.cfg.Intake.Hosts), h.cfg.Viewer.Hosts...))
		if err == nil {
			err = add("plain", h.cfg.TLS.Plain, wrapPlain(plain), nil)
		}
		if err != nil {
			return nil, err
		}
	}
	return doors, nil
}

// tls gives the configuration of the mode; nil behind a proxy that ends TLS.
func (h *house) tls(ctx context.Context, roles []string) (*tls.Config, func(http.Handler) http.Handler, error) {
	asIs := func(n http.Handler) http.Handler { return n }
	c := h.cfg.TLS
	switch c.Mode {
	case "proxy":
		return nil, asIs, nil
	case "auto":
		var hosts []string
		if slices.Contains(roles, roleIntake) {
			hosts = append(hosts, bareHosts(h.cfg.Intake.Hosts)...)
		}
		if slices.Contains(roles, roleViewer) {
			hosts = append(hosts, bareHosts(h.cfg.Viewer.Hosts)...)
		}
		return acme(ctx, h.cfg, hosts)
	default:
		pair, err := loadFilePair(c.Cert, c.Key, h.now)
		if err != nil {
			return nil, nil, err
		}
		return serverTLS(pair.get), asIs, nil
	}
}

func bareHosts(hosts []string) []string {
	var bare []string
	for _, h := range hosts {
		name, _, _ := strings.Cut(h, ":")
		bare = append(bare, name)
	}
	return bare
}

// intake makes the public program; what it keeps goes straight to the outbox where this process delivers too.
func (h *house) intake(ctx context.Context, roles []string) (http.Handler, error) {
	tokens, err := token.New(h.secrets.Key("tokens"), h.cfg.Service, h.now)
	if err != nil {
		return nil, err
	}
	sp, err := spool.New(spool.Config{Dir: filepath.Clean(h.cfg.Data)})
	if err != nil {
		return nil, err
	}
	var served []intake.Served
	for _, f := range h.forms {
		older, err := h.older(ctx, f)
		if err != nil {
			return nil, err
		}
		served = append(served, intake.Served{Form: f, Older: older, Readers: h.readers[f.ID].recipients})
	}
	var drop intake.Drop = h.store
	if h.delivers(roles) {
		drop = nudging{h.store, h.outbox.Nudge}
	}
	return intake.New(intake.Config{
		Service: h.cfg.Service, Hosts: h.cfg.Intake.Hosts, Forms: served, Drop: drop, Signer: h.signer,
		Tokens: tokens, Spool: sp, Events: h.events, Now: h.now, Zone: h.cfg.Zone, Proxies: h.cfg.TLS.Proxies,
		MailFrom: h.cfg.Mail.From,
	})
}

func (h *house) viewer() (http.Handler, error) {
	var served []viewer.Served
	for _, f := range h.forms {
		served = append(served, viewer.Served{Form: f, Readers: h.fingerprints(f.ID)})
	}
	return viewer.New(viewer.Config{
		Service: h.cfg.Service, Name: h.cfg.Name, Accent: h.cfg.Accent, Hosts: h.cfg.Viewer.Hosts, Store: h.store, Forms: served,
		Vault: private.NewVault(keyIdle, h.now), Verifiers: h.verifiers, Key: h.secrets.Key,
		Zone: h.cfg.Zone, Now: h.now, Events: h.events, Proxies: h.cfg.TLS.Proxies,
	})
}
