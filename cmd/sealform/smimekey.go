package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v3"

	"sealform/internal/secrets"
	"sealform/keys/smime"
)

// errNoSMIME: a form is mailed by S/MIME, and there is nothing to sign it with.
var errNoSMIME = errors.New("S/MIME mail is signed by this service: make its certificate with `sealform keys smime --make`, or set mail.smime_key")

// openSMIME reads what signs S/MIME mail, where some address has a certificate.
func (h *house) openSMIME() error {
	used := false
	for _, r := range h.cfg.Recipients {
		used = used || r.Certificate != ""
	}
	if !used || h.secrets == nil {
		return nil
	}
	s, err := smimeSigner(h.cfg, h.secrets)
	if errors.Is(err, fs.ErrNotExist) {
		return errNoSMIME
	}
	h.smime = s
	return err
}

func smimeSigner(cfg *config, s *secrets.Secrets) (*smime.Signer, error) {
	pem, err := s.SMIME()
	if file := cfg.Mail.SMIMEKey; file != "" {
		pem, err = secrets.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("what signs S/MIME mail: %w", err)
	}
	signer, err := smime.ParseSigner(pem)
	if err != nil {
		return nil, fmt.Errorf("what signs S/MIME mail: %w", err)
	}
	return signer, nil
}

// keysSMIME shows the certificate that signs S/MIME mail, for readers to trust, and makes it where there is none.
func (p *program) keysSMIME(_ context.Context, o *office, c *cli.Command) error {
	signer, err := smimeSigner(o.cfg, o.secrets)
	if errors.Is(err, fs.ErrNotExist) && c.Bool("make") {
		signer, err = p.makeSMIME(o)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return errNoSMIME
	}
	if err != nil {
		return err
	}
	_, err = p.out.Write(signer.Certificate())
	return err
}

func (p *program) makeSMIME(o *office) (*smime.Signer, error) {
	if o.cfg.Mail.From == "" {
		return nil, errors.New("the certificate names the sender of the mail: set mail.from first")
	}
	signer, pem, err := smime.NewSigner(o.cfg.Mail.From, p.now())
	if err != nil {
		return nil, err
	}
	return signer, o.secrets.AddSMIME(pem)
}
