package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"

	"sealform/forms"
	"sealform/intake"
	"sealform/internal/mail"
	"sealform/internal/outbox"
)

// openMail makes what talks to the relay, in a process that delivers.
func (h *house) openMail(roles []string) error {
	m := h.cfg.Mail
	if !slices.Contains(roles, roleDeliver) {
		return nil
	}
	if m.Relay == "" {
		if len(roles) == 1 {
			return errors.New("--role deliver alone has nothing to do: mail.relay is not set")
		}
		return nil
	}
	if err := m.signsIn(); err != nil {
		return err
	}
	rc := mail.RelayConfig{Address: m.Relay, Mode: mail.StartTLS, Hello: m.Hello, User: m.Username, Password: m.Password}
	if m.Security == "tls" {
		rc.Mode = mail.ImplicitTLS
	}
	if m.CA != "" {
		pool, err := furtherAuthorities("mail.ca", m.CA)
		if err != nil {
			return err
		}
		rc.Roots = pool
	}
	var err error
	if h.relay, err = mail.NewRelay(rc); err != nil && relay(m.Relay) == nil { // else told when it was read
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}

// newOutbox wires the queue to the relay.
func (h *house) newOutbox() *outbox.Outbox {
	return outbox.New(outbox.Config{Store: h.store, Send: h.relay.Send, From: h.cfg.Mail.From, Now: h.now, Events: h.events})
}

// furtherAuthorities are the system's and those of a file.
func furtherAuthorities(setting, file string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	b, err := os.ReadFile(file) // #nosec G304 -- the operator's path
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%s: %s holds no certificate", setting, file)
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
