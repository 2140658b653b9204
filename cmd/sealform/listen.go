package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"sealform/internal/event"
)

// door is one listener with its handler.
type door struct {
	role    string
	address string
	ln      net.Listener
	handler http.Handler
	tls     *tls.Config // nil: plain, behind a trusted proxy or for the redirect on port 80
	http1   bool        // the viewer: HTTP/2's buffers would keep a cookie in memory for longer
}

// serveDoors runs all doors until ctx ends, then lets requests in flight finish for up to ten seconds. ready is called
// when all doors answer.
func serveDoors(ctx context.Context, events *event.Log, ready func() error, doors ...door) error {
	failed := make(chan error, len(doors))
	var servers []*http.Server
	for _, d := range doors {
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
	for _, s := range servers {
		if s.Shutdown(end) != nil {
			_ = s.Close() // a request outlived its grace
		}
	}
	events.Stopped()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (d door) server(events *event.Log) *http.Server {
	s := &http.Server{
		Handler:           d.handler,
		TLSConfig:         d.tls.Clone(), // net/http writes into it, and two doors may share one
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(events.ServerErrors(d.role), "", 0),
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
		return nil, try(fmt.Errorf("opening the %s listener: %w", role, err), "another address, or end the program that holds %s", address)
	}
	return ln, nil
}
