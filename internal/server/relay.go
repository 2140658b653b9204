package server

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"sealform/internal/config"
	"sealform/internal/event"
	"sealform/internal/hint"
	"sealform/internal/mail"
	"sealform/internal/secrets"
	"sealform/keys"
)

// openRelay makes what talks to the relay, in a process that delivers.
func (s *Server) openRelay() error {
	m := &s.config.Mail
	if !s.runs(Deliver) {
		return nil
	}
	if m.Relay == "" {
		if len(s.roles) == 1 && len(s.config.Webhooks) == 0 {
			return errors.New("--role deliver alone has nothing to do: mail.relay is not set, and there is no webhook")
		}
		return nil
	}
	rc, err := relayConfig(m)
	if err := (config.Faults{m.MissingPassword(), err}).AsError(); err != nil {
		return err
	}
	// size is there once the store is, which is before the first mail.
	rc.Sized = func(n int64) { s.size.learn(n) }
	if s.relay, err = mail.NewRelay(rc); err != nil && m.WellFormed() { // else told when it was read
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}

// relayConfig is the configuration of the relay from the mail settings.
func relayConfig(m *config.Mail) (mail.RelayConfig, error) {
	rc := mail.RelayConfig{
		Address: m.Relay, Mode: mail.StartTLS, Hello: m.Hello, User: m.Username, Pins: m.Pins, Bounces: m.Bounces,
	}
	if m.RevealPassword != nil {
		b := m.RevealPassword()
		rc.Password = keys.NewPassword(b)
		clear(b)
	}
	if m.Security == "tls" {
		rc.Mode = mail.ImplicitTLS
	}
	var wrongCA, wrongKey error
	if m.CA != "" {
		rc.Roots, wrongCA = FurtherAuthorities("mail.ca", m.CA)
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
	d := &mail.DKIM{Domain: cmp.Or(m.DKIM.Domain, m.Domain()), Selector: m.DKIM.Selector}
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
	switch k.(type) {
	case *rsa.PrivateKey, ed25519.PrivateKey:
		return k.(crypto.Signer), nil
	}
	return nil, wrong
}

// probe asks whether the relay is there, and how large a message may be. Where it does not answer, what was last known
// holds.
func (s *Server) probe(ctx context.Context) error {
	offer, err := s.relay.Probe(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.events.Trouble("relay", event.Code(mail.CodeOf(err)))
		}
		return err
	}
	s.size.learn(offer.Size)
	return nil
}

// FurtherAuthorities are the system's and those of a PEM file, which a setting or a flag of that name gave.
func FurtherAuthorities(setting, file string) (*x509.CertPool, error) {
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
