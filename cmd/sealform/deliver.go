package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"

	"sealform/forms/record"
	"sealform/intake"
	"sealform/internal/config"
	"sealform/internal/event"
	"sealform/internal/hint"
	"sealform/internal/mail"
	"sealform/internal/outbox"
	"sealform/internal/receipt"
	"sealform/internal/secrets"
	"sealform/keys"
	"sealform/viewer"
)

// openMail makes what talks to the relay, in a process that delivers.
func (h *house) openMail(roles []string) error {
	m := &h.cfg.Mail
	if !slices.Contains(roles, roleDeliver) {
		return nil
	}
	if m.Relay == "" {
		if len(roles) == 1 && len(h.cfg.Webhooks) == 0 {
			return errors.New("--role deliver alone has nothing to do: mail.relay is not set, and there is no webhook")
		}
		return nil
	}
	rc, err := relayConfig(m)
	if err := (config.Faults{m.MissingPassword(), err}).AsError(); err != nil {
		return err
	}
	rc.Sized = h.sized
	if h.relay, err = mail.NewRelay(rc); err != nil && m.WellFormed() { // else told when it was read
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}

// relayConfig is what the mail settings say of the relay.
func relayConfig(m *config.Mail) (mail.RelayConfig, error) {
	rc := mail.RelayConfig{
		Address: m.Relay, Mode: mail.StartTLS, Hello: m.Hello, User: m.Username, Pins: m.Pins, Bounces: m.Bounces,
	}
	if m.Password != nil {
		rc.Password = keys.NewPassword(m.Password())
	}
	if m.Security == "tls" {
		rc.Mode = mail.ImplicitTLS
	}
	var wrongCA, wrongKey error
	if m.CA != "" {
		rc.Roots, wrongCA = furtherAuthorities("mail.ca", m.CA)
	}
	rc.DKIM, wrongKey = dkim(m)
	return rc, config.Faults{wrongCA, wrongKey}.AsError()
}

// dkim reads the key of DKIM signatures; nil where none is named.
func dkim(m *config.Mail) (*mail.DKIM, error) {
	if m.DKIM.Key == "" || m.DKIM.Selector == "" {
		return nil, nil
	}
	b, err := secrets.ReadFile(m.DKIM.Key)
	if err != nil {
		return nil, fmt.Errorf("mail.dkim_key: %w", err)
	}
	d := &mail.DKIM{Domain: m.DKIM.Domain, Selector: m.DKIM.Selector}
	if d.Domain == "" {
		d.Domain = m.Domain()
	}
	if d.Key, err = signingKey(b); err != nil {
		return nil, fmt.Errorf("mail.dkim_key: %s %w", m.DKIM.Key, err)
	}
	return d, nil
}

// signingKey reads an RSA or Ed25519 key in PEM.
func signingKey(b []byte) (crypto.Signer, error) {
	wrong := errors.New("holds no RSA or Ed25519 private key in PEM")
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, wrong
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, wrong
	}
	switch k := k.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, wrong
}

// openOutbox wires the queue to the relay and the webhooks, in a process that delivers.
func (h *house) openOutbox(ctx context.Context, roles []string) error {
	n, err := h.store.RelaySize(ctx)
	if err != nil {
		return err
	}
	h.relaySize.known.Store(n)
	if !slices.Contains(roles, roleDeliver) {
		return nil
	}
	c := outbox.Config{
		Store: h.store, From: h.cfg.Mail.From, Words: h.words(), Alarms: h.cfg.Alarms, Ending: h.ending, Closed: h.closed, Zone: h.cfg.Zone,
		SeriesKey: h.secrets.Key("mail series"), Keep: h.cfg.Mail.Keep, InDoubt: h.cfg.Mail.InDoubt, Now: h.now, Events: h.events,
	}
	for _, f := range h.forms {
		of := outbox.Form{ID: f.ID, Notify: notified(f), Mails: mailedTo(f)}
		if f.Receipt != nil {
			of.Receipt = f.Receipt.Text
		}
		c.Forms = append(c.Forms, of)
	}
	if c.Link, err = h.links(); err != nil {
		return err
	}
	box, err := h.receipts()
	if err != nil {
		return err
	}
	c.Address = box.Open
	hooks, err := h.newCaller()
	if err != nil {
		return err
	}
	if hooks != nil {
		c.Call, c.Wants = hooks.Call, hooks.Wants
	}
	if h.relay != nil {
		c.Send, c.Note, c.Probe = h.relay.Send, h.relay.Note, h.probe
	}
	if h.relay != nil || hooks != nil {
		h.outbox = outbox.New(c)
	}
	return nil
}

// links gives addresses into the staff pages, as mails may name them.
func (h *house) links() (func(string, int64) string, error) {
	var ids []string
	for _, f := range h.forms {
		ids = append(ids, f.ID)
	}
	paths, err := viewer.NewPaths(h.cfg.Service, ids, h.secrets.Key)
	if err != nil {
		return nil, err
	}
	origin := "https://" + h.cfg.Viewer.Hosts[0]
	return func(form string, submission int64) string { return origin + paths.Go(form, submission) }, nil
}

func (h *house) receipts() (*receipt.Box, error) {
	return receipt.New(h.secrets.Key("receipt addresses"), h.secrets.Key("receipt marks"), h.now)
}

// probe asks whether the relay is there, and how large a message may be. Where it does not answer, what was last known
// holds.
func (h *house) probe(ctx context.Context) error {
	offer, err := h.relay.Probe(ctx)
	if err != nil {
		if ctx.Err() == nil {
			h.events.Trouble("relay", event.Code(mail.CodeOf(err)))
		}
		return err
	}
	h.sized(offer.Size)
	return nil
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
		return nil, hint.Add(fmt.Errorf("%s: %s holds no certificate", setting, file), "a PEM file, with -----BEGIN CERTIFICATE----- in it")
	}
	return pool, nil
}

// nudging is the store as intake sees it, where the outbox runs in the same process: what was kept goes out at once
// instead of at the next look.
type nudging struct {
	drop  intake.Drop
	nudge func()
}

func (n nudging) Put(ctx context.Context, s *record.Submission) (record.Kept, error) {
	k, err := n.drop.Put(ctx, s)
	if err == nil {
		n.nudge() // a notice may be due, whatever else is
	}
	return k, err
}
