package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"

	"sealform/internal/config"
	"sealform/internal/web"
)

// listeners are those of the roles and, where configured, the plain one that only redirects. That one belongs to the
// public role, so that processes beside each other don't want the same address. Where one can't be opened, none that was
// opened here is left open.
func (s *Server) listeners(ctx context.Context, open map[string]net.Listener, beside []*Listener) ([]*Listener, error) {
	if !s.runs(Intake) && !s.runs(Viewer) {
		return nil, nil
	}
	tc, plainFirst, err := s.tlsConfig(ctx)
	if err != nil {
		return nil, err
	}
	wanted, err := s.wanted(ctx, tc, plainFirst)
	if err != nil {
		return nil, err
	}
	for i, l := range wanted {
		if l.Listener = open[l.Role]; l.Listener != nil {
			continue
		}
		if l.Listener, err = Listen(ctx, l.Role, l.address); err != nil {
			for _, opened := range wanted[:i] {
				_ = opened.Close()
			}
			return nil, err
		}
	}
	for _, l := range beside {
		l.tls = tc
	}
	return append(wanted, beside...), nil
}

// wanted are the listeners of the roles with their handlers, none of them open.
func (s *Server) wanted(ctx context.Context, tc *tls.Config, plainFirst func(http.Handler) http.Handler) ([]*Listener, error) {
	var all []*Listener
	c := s.Config
	if s.runs(Intake) {
		handler, err := s.intake(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, &Listener{Role: Intake, address: c.Intake.Address, Handler: handler, tls: tc, proxies: c.TLS.Proxies})
	}
	if s.runs(Viewer) {
		handler, err := s.viewer()
		if err != nil {
			return nil, err
		}
		all = append(all, &Listener{Role: Viewer, address: c.Viewer.Address, Handler: handler, tls: tc, proxies: c.TLS.Proxies})
	}
	if s.runs(Intake) && c.TLS.Plain != "" {
		redirect, err := web.PlainHTTP(slices.Concat(c.Intake.Hosts, c.Viewer.Hosts))
		if err != nil {
			return nil, err
		}
		all = append(all, &Listener{Role: "plain", address: c.TLS.Plain, Handler: plainFirst(redirect)})
	}
	return all, nil
}

// tlsConfig is what the listeners speak, TLS 1.2 or newer with Go's own choice of suites, or nil behind a proxy that ends
// TLS; and what the plain listener does first.
func (s *Server) tlsConfig(ctx context.Context) (*tls.Config, func(http.Handler) http.Handler, error) {
	asIs := func(next http.Handler) http.Handler { return next }
	switch s.Config.TLS.Mode {
	case "proxy":
		return nil, asIs, nil
	case "auto":
		a, err := newACME(ctx, s.Config, s.tls.roots, s.Roles, s.Events)
		if err != nil {
			return nil, nil, err
		}
		return a.tls(), a.wrapPlain, nil
	default:
		return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.tls.pair.get}, asIs, nil
	}
}

// hostNames are the names that a process of these roles needs certificates for.
func hostNames(c *config.Config, roles []string) []string {
	var names []string
	if slices.Contains(roles, Intake) {
		names = append(names, c.Intake.Names()...)
	}
	if slices.Contains(roles, Viewer) {
		names = append(names, c.Viewer.Names()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
