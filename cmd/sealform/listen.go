package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"sealform/internal/event"
	"sealform/internal/hint"
	"sealform/internal/limit"
)

// door is one listener with its handler, and with its bounds on who may stand there at once.
type door struct {
	role    string
	address string
	ln      net.Listener
	handler http.Handler
	tls     *tls.Config // nil: plain, behind a trusted proxy or for the redirect on port 80
	http1   bool        // the viewer: HTTP/2's buffers would keep a cookie in memory for longer
	proxies []netip.Prefix
}

// bound is what a door lets in at once: the most of all together, of one address or IPv6 /64, and the share of the
// files that the process may have open. The rest of those is for the database, uploads and mail.
type bound struct{ all, each, share int }

// bound of a role. Each door has its own, so that a crowd at the public one does not shut out staff.
func (d door) bound() bound {
	switch d.role {
	case roleIntake:
		return bound{4096, 512, 2} // an office, or a mobile network, is one address
	case roleViewer:
		return bound{1024, 256, 8}
	default: // the redirect on port 80, the demo's site
		return bound{1024, 64, 8}
	}
}

// crowd gives the door's bounds, in a process that may have so many files open.
func (d door) crowd(files int, events *event.Log) *limit.Crowd {
	b := d.bound()
	return &limit.Crowd{
		All: min(b.all, files/b.share), Each: min(b.each, files/b.share), Exempt: d.proxies,
		Full: func() { events.Trouble(d.role, "too_many_connections") },
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

// serveDoors runs all doors until ctx ends, then lets requests in flight finish for up to ten seconds. ready is called
// when all doors answer.
func serveDoors(ctx context.Context, events *event.Log, ready func() error, doors ...door) error {
	failed := make(chan error, len(doors))
	var servers []*http.Server
	files := openFileLimit()
	for _, d := range doors {
		d.ln = d.crowd(files, events).At(d.ln)
		s := d.server(events)
		servers = append(servers, s)
		go func() { failed <- d.serve(s) }()
		events.Started(d.role, d.ln.Addr().String(), version())
	}
	err := ready()
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var ended sync.WaitGroup
	for _, s := range servers {
		ended.Go(func() {
			if s.Shutdown(end) != nil {
				_ = s.Close() // a request outlived its grace
			}
		})
	}
	ended.Wait()
	events.Stopped()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// server never waits for long for somebody who sends or reads nothing. Whoever reads a body sets times of its own
// meanwhile, for one HTTP/2 stream as for a connection; how long one write may take is the crowd's to say, as a staff
// member's download may well take long in all.
func (d door) server(events *event.Log) *http.Server {
	s := &http.Server{
		Handler:           d.handler,
		TLSConfig:         d.tls.Clone(), // net/http writes into it, and two doors may share one
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(events.ServerErrors(d.role), "", 0),

		DisableGeneralOptionsHandler: true, // "OPTIONS *" gets our headers like all else
	}
	if d.http1 {
		s.Protocols = new(http.Protocols)
		s.Protocols.SetHTTP1(true)
	}
	return s
}

func (d door) serve(s *http.Server) error {
	var err error
	if d.tls == nil {
		err = s.Serve(d.ln)
	} else {
		err = s.ServeTLS(d.ln, "", "")
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving %s on %s: %w", d.role, d.ln.Addr(), err)
	}
	return err
}

// listen opens a TCP listener; the address must be free.
func listen(ctx context.Context, role, address string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, hint.Add(fmt.Errorf("opening the %s listener: %w", role, err), "another address, or end the program that holds %s", address)
	}
	return ln, nil
}
