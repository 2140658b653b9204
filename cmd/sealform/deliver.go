package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"sealform/forms"
	"sealform/intake"
	"sealform/internal/mail"
	"sealform/internal/outbox"
)

// newOutbox wires the queue to the relay that the configuration names.
func (h *house) newOutbox() (*outbox.Outbox, error) {
	m := h.cfg.Mail
	rc := mail.RelayConfig{Address: m.Relay, Mode: mail.StartTLS, Hello: m.Hello, User: m.Username, Password: m.Password}
	if m.Security == "tls" {
		rc.Mode = mail.ImplicitTLS
	}
	if m.CA != "" {
		pool, err := furtherAuthorities(m.CA)
		if err != nil {
			return nil, err
		}
		rc.Roots = pool
	}
	relay, err := mail.NewRelay(rc)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return outbox.New(outbox.Config{Store: h.store, Send: relay.Send, From: m.From, Now: h.now, Events: h.events}), nil
}

// furtherAuthorities are the system's and those of a file.
func furtherAuthorities(file string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	b, err := os.ReadFile(file) // #nosec G304 -- the operator's path
	if err != nil {
		return nil, fmt.Errorf("reading mail.ca: %w", err)
	}
	if !pool.AppendCertsFromPEM(b) {
		return nil, errors.New("mail.ca holds no certificate")
	}
	return pool, nil
}

// nudging is the store as intake sees it, where the outbox runs in the same process: what was kept goes out at once
// instead of at the next look.
type nudging struct {
	drop  intake.Drop
	nudge func()
}

func (n nudging) Put(ctx context.Context, s *forms.Submission) (forms.Kept, error) {
	k, err := n.drop.Put(ctx, s)
	if err == nil && len(s.Mails) > 0 {
		n.nudge()
	}
	return k, err
}
