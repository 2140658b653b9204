package main

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"sealform/forms/record"
	"sealform/intake"
	"sealform/internal/config"
	"sealform/internal/receipt"
	"sealform/internal/spool"
	"sealform/internal/staff"
	"sealform/internal/token"
	"sealform/internal/web"
	"sealform/keys/private"
	"sealform/viewer"
)

// roles that serve can run; all of them unless told.
const (
	roleIntake  = "intake"
	roleViewer  = "viewer"
	roleDeliver = "deliver"
)

func (p *program) serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run the service, or some of its roles",
		Description: "Each setting is a flag here, a SEALFORM_… variable (SEALFORM_INTAKE_ADDRESS) and a line of the file; a flag wins over\n" +
			"a variable, a variable over the file. Secrets have no flag: SEALFORM_MAIL_PASSWORD_FILE names a file with the relay's\npassword.",
		Flags: append(configFlags(), &cli.StringSliceFlag{
			Name: "role", Usage: "run only these: intake, viewer, deliver", Value: []string{roleIntake, roleViewer, roleDeliver},
		}),
		Action: func(ctx context.Context, c *cli.Command) error {
			roles := c.StringSlice("role")
			for _, r := range roles {
				if !slices.Contains([]string{roleIntake, roleViewer, roleDeliver}, r) {
					return wrongly(c, "there is no role %q; there are intake, viewer and deliver", r)
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

func listens(role string) bool { return role == roleIntake || role == roleViewer }

// serve opens the house and runs its roles until ctx ends. faults are those of the configuration, nil for none.
func (p *program) serve(ctx context.Context, cfg *config.Config, faults error, roles []string) (err error) {
	events := p.events(cfg.Log)
	h, err := p.openHouse(ctx, cfg, faults, roles, events)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	doors, err := h.doors(ctx, roles)
	if err != nil {
		return err
	}
	tasks := h.background(ctx)
	defer func() { cancel(); tasks.Wait() }()
	if h.outbox != nil {
		events.Started(roleDeliver, cfg.Mail.Relay, version())
	}
	if len(doors) == 0 {
		p.sayReady(h, roles)
		<-ctx.Done()
		events.Stopped()
		return nil
	}
	return serveDoors(ctx, events, func() error { p.sayReady(h, roles); return nil }, doors...)
}

// doors opens the listeners of the roles; where one can't be opened, none is left open.
func (h *house) doors(ctx context.Context, roles []string) (doors []door, err error) {
	if !slices.ContainsFunc(roles, listens) {
		return nil, nil
	}
	tc, wrapPlain, err := h.tls(ctx, roles)
	if err != nil {
		return nil, err
	}
	wanted, err := h.wanted(ctx, roles, tc, wrapPlain)
	if err != nil {
		return nil, err
	}
	for i, d := range wanted {
		if wanted[i].ln, err = listen(ctx, d.role, d.address); err != nil {
			for _, open := range wanted[:i] {
				_ = open.ln.Close()
			}
			return nil, err
		}
	}
	return wanted, nil
}

// wanted are the roles' doors, not yet open: the public one, the staff's, and where configured the plain one that only
// redirects. That one belongs to the public role, so that processes beside each other don't want the same address.
func (h *house) wanted(ctx context.Context, roles []string, tc *tls.Config, wrapPlain func(http.Handler) http.Handler) ([]door, error) {
	var doors []door
	if slices.Contains(roles, roleIntake) {
		handler, err := h.intake(ctx)
		if err != nil {
			return nil, err
		}
		doors = append(doors, door{role: roleIntake, address: h.cfg.Intake.Address, handler: handler, tls: tc, proxies: h.cfg.TLS.Proxies})
	}
	if slices.Contains(roles, roleViewer) {
		handler, err := h.viewer()
		if err != nil {
			return nil, err
		}
		doors = append(doors, door{role: roleViewer, address: h.cfg.Viewer.Address, handler: handler, tls: tc, http1: true, proxies: h.cfg.TLS.Proxies})
	}
	if slices.Contains(roles, roleIntake) && h.cfg.TLS.Plain != "" {
		plain, err := web.PlainHTTP(slices.Concat(h.cfg.Intake.Hosts, h.cfg.Viewer.Hosts))
		if err != nil {
			return nil, err
		}
		doors = append(doors, door{role: "plain", address: h.cfg.TLS.Plain, handler: wrapPlain(plain)})
	}
	return doors, nil
}

// tls gives the configuration of the mode, nil behind a proxy that ends TLS, and what the plain listener does first.
func (h *house) tls(ctx context.Context, roles []string) (*tls.Config, func(http.Handler) http.Handler, error) {
	asIs := func(n http.Handler) http.Handler { return n }
	switch h.cfg.TLS.Mode {
	case "proxy":
		return nil, asIs, nil
	case "auto":
		a, err := newACME(ctx, h.cfg, h.acmeRoots, roles, h.events)
		if err != nil {
			return nil, nil, err
		}
		return a.tls(), a.wrapPlain, nil
	default:
		return serverTLS(h.pair.get), asIs, nil
	}
}

// hostNames are the host names that a process of these roles needs certificates for.
func hostNames(c *config.Config, roles []string) []string {
	var names []string
	if slices.Contains(roles, roleIntake) {
		names = append(names, c.Intake.Names()...)
	}
	if slices.Contains(roles, roleViewer) {
		names = append(names, c.Viewer.Names()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// intake makes the public program; what it keeps goes straight to the outbox where this process delivers too.
func (h *house) intake(ctx context.Context) (http.Handler, error) {
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
	box, err := h.receipts()
	if err != nil {
		return nil, err
	}
	var drop intake.Drop = h.store
	if h.outbox != nil {
		drop = nudging{h.store, h.outbox.Nudge}
	}
	return intake.New(intake.Config{
		Service: h.cfg.Service, Hosts: h.cfg.Intake.Hosts, Forms: served, Drop: drop, Signer: h.signer,
		Tokens: tokens, Spool: sp, Events: h.events, Now: h.now, Zone: h.cfg.Zone, Proxies: h.cfg.TLS.Proxies,
		MailFrom: h.cfg.Mail.From, MailLimit: h.relaySize.known.Load, Receipt: sealTo(box), Ready: h.ready,
	})
}

// sealTo seals a visitor's address for the outbox.
func sealTo(box *receipt.Box) func(int64, []byte) *record.SealedAddress {
	return func(submission int64, address []byte) *record.SealedAddress {
		sealed, marks := box.Seal(submission, address)
		if sealed == nil {
			return nil
		}
		to := &record.SealedAddress{Sealed: sealed}
		for _, m := range marks {
			to.Marks = append(to.Marks, record.Mark(m))
		}
		return to
	}
}

func (h *house) viewer() (http.Handler, error) {
	var served []viewer.Served
	for _, f := range h.forms {
		served = append(served, viewer.Served{Form: f, Readers: h.fingerprints(f.ID)})
	}
	vault := private.NewVault(private.DefaultIdle, h.now)
	sessions := staff.New(staff.Config{Service: h.cfg.Service, Store: h.store, Locks: vault, Key: h.secrets.Key, Now: h.now, Events: h.events})
	return viewer.New(viewer.Config{
		Service: h.cfg.Service, Name: h.cfg.Name, Accent: h.cfg.Accent, Hosts: h.cfg.Viewer.Hosts, Store: h.store, Forms: served,
		Sessions: sessions, Vault: vault, Verifiers: h.verifiers, Key: h.secrets.Key,
		Zone: h.cfg.Zone, Now: h.now, Events: h.events, Proxies: h.cfg.TLS.Proxies,
		Webhooks: slices.Sorted(maps.Keys(h.cfg.Webhooks)), Nudge: h.nudge, MailFrom: h.cfg.Mail.From,
	})
}

// nudge wakes the outbox where this process has it; elsewhere it looks by itself, every few seconds.
func (h *house) nudge() {
	if h.outbox != nil {
		h.outbox.Nudge()
	}
}

// ready says whether answers can be taken: there is room, the database answers, and not every form is closed.
func (h *house) ready() error {
	if err := h.store.Room(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if _, _, err := h.store.Waiting(ctx); err != nil {
		return err
	}
	var last error
	for _, r := range h.readers {
		if _, last = r.recipients(); last == nil {
			return nil
		}
	}
	return last
}
