package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"sealform/internal/config"
	"sealform/internal/event"
	"sealform/internal/hint"
	"sealform/internal/limit"
	"sealform/internal/web"
)

// Listener is one listener with its handler, and with its bounds on how many connections it takes at once.
type Listener struct {
	net.Listener
	Role    string
	address string // where to listen
	Handler http.Handler
	tls     *tls.Config // nil: plain, behind a trusted proxy or for the redirect on port 80
	proxies []netip.Prefix
}

// crowd gives the listener's limit on connections, in a process that may have so many files open: the most of all together,
// of one address or IPv6 /64, and the share of the files. The rest of those is for the database, uploads and mail. Each
// listener has its own, so that a crowd at the public one does not shut out staff.
func (l *Listener) crowd(files int, events *event.Log) *limit.Crowd {
	all, each, share := 1024, 64, 8 // the redirect on port 80, the demo's site
	switch l.Role {
	case Intake:
		all, each, share = 4096, 512, 2 // an office, or a mobile network, is one address
	case Viewer:
		each = 256
	}
	return &limit.Crowd{
		All: min(all, files/share), Each: min(each, files/share), Exempt: l.proxies,
		Full: func() { events.Trouble(l.Role, "too_many_connections") },
	}
}

// openFileLimit is how many files the process may have open; Go has raised it to the hard limit by now.
func openFileLimit() int {
	var most unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &most); err != nil {
		return 1024 // what most systems have at least
	}
	return int(min(most.Cur, 1<<20))
}

// Run opens what the roles need and their listeners, works in the background, and serves until ctx ends; then it lets requests
// in flight finish for up to ten seconds. ready is called when all listeners answer. open are listeners that are open
// already, by role; beside are served with them, under the same TLS.
func Run(ctx context.Context, o Options, ready func(*Server) error, open map[string]net.Listener, beside ...*Listener) (err error) {
	s, err := Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	listeners, err := s.listeners(ctx, open, beside)
	if err != nil {
		return err
	}
	tasks := s.background(ctx)
	defer func() { cancel(); tasks.Wait() }()
	return s.serve(ctx, ready, listeners)
}

func (s *Server) serve(ctx context.Context, ready func(*Server) error, listeners []*Listener) error {
	failed := make(chan error, len(listeners))
	var servers []*http.Server
	files := openFileLimit()
	for _, l := range listeners {
		l.Listener = l.crowd(files, s.events).At(l.Listener)
		hs := l.server(s.events)
		servers = append(servers, hs)
		go func() { failed <- l.serve(hs) }()
		s.events.Started(l.Role, l.Addr().String(), s.version)
	}
	err := ready(s)
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var ended sync.WaitGroup
	for _, hs := range servers {
		ended.Go(func() {
			if hs.Shutdown(end) != nil {
				_ = hs.Close() // a request outlived its grace
			}
		})
	}
	ended.Wait()
	s.events.Stopped()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// server never waits for long for somebody who sends or reads nothing. Whoever reads a body sets times of its own
// meanwhile, for one HTTP/2 stream as for a connection; how long one write may take is the crowd's to say, as a staff
// member's download may well take long in all.
func (l *Listener) server(events *event.Log) *http.Server {
	s := &http.Server{
		Handler:           l.Handler,
		TLSConfig:         l.tls.Clone(), // net/http writes into it, and two listeners may share one
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          events.ServerErrors(l.Role),

		DisableGeneralOptionsHandler: true, // "OPTIONS *" gets our headers like all else
	}
	if l.Role == Viewer { // HTTP/2's buffers would keep a cookie in memory for longer
		s.Protocols = new(http.Protocols)
		s.Protocols.SetHTTP1(true)
	}
	return s
}

func (l *Listener) serve(s *http.Server) error {
	var err error
	if l.tls == nil {
		err = s.Serve(l.Listener)
	} else {
		err = s.ServeTLS(l.Listener, "", "")
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving %s on %s: %w", l.Role, l.Addr(), err)
	}
	return err
}

// Listen opens a TCP listener; the address must be free.
func Listen(ctx context.Context, role, address string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, hint.Add(fmt.Errorf("opening the %s listener: %w", role, err), "another address, or end the program that holds %s", address)
	}
	return ln, nil
}

// listeners are those of the roles and, where configured, the plain one that only redirects. That one belongs to the
// public role, so that processes beside each other don't want the same address. Where one can't be opened, none is left
// open.
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
	c := s.config
	for _, p := range []struct {
		role, address string
		handler       func(context.Context) (http.Handler, error)
	}{{Intake, c.Intake.Address, s.intake}, {Viewer, c.Viewer.Address, s.viewer}} {
		if !s.runs(p.role) {
			continue
		}
		handler, err := p.handler(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, &Listener{Role: p.role, address: p.address, Handler: handler, tls: tc, proxies: c.TLS.Proxies})
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

// tlsConfig is the TLS configuration of the listeners, TLS 1.2 or newer with Go's own choice of suites, or nil behind a proxy that ends
// TLS; and what the plain listener does first.
func (s *Server) tlsConfig(ctx context.Context) (*tls.Config, func(http.Handler) http.Handler, error) {
	asIs := func(next http.Handler) http.Handler { return next }
	switch s.config.TLS.Mode {
	case "proxy":
		return nil, asIs, nil
	case "auto":
		a, err := newACME(ctx, s.config, s.roots, s.roles, s.events)
		if err != nil {
			return nil, nil, err
		}
		return a.tls(), a.wrapPlain, nil
	default:
		return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.pair.get}, asIs, nil
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
