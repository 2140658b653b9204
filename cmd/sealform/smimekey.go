package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/config"
	"sealform/internal/hint"
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
	if err == nil {
		err = s.Usable(h.now())
	}
	if err != nil {
		return err
	}
	h.smime = s
	if from := h.cfg.Mail.From; from != "" && !s.Names(from) {
		if h.cfg.Mail.SMIMEKey == "" {
			return fmt.Errorf("the certificate that signs S/MIME mail is of another address than mail.from, %s: readers' programs would warn of each mail. "+
				"Move %s/smime.pem away, then run: sealform keys smime --make", from, h.cfg.Secrets)
		}
		h.events.Trouble("smime", "signer_names_other") // who brings a certificate may have an agreement with the readers
	}
	return nil
}

// smimeSigner is the one that is configured, or else our own; errNoSMIME where neither is.
func smimeSigner(cfg *config.Config, s *secrets.Secrets) (*smime.Signer, error) {
	var pem []byte
	var err error
	what := "mail.smime_key"
	if cfg.Mail.SMIMEKey != "" {
		pem, err = secrets.ReadFile(cfg.Mail.SMIMEKey)
	} else {
		what = "the key that signs S/MIME mail"
		if pem, err = s.SMIME(); errors.Is(err, fs.ErrNotExist) {
			return nil, errNoSMIME
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	signer, err := smime.ParseSigner(pem)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return signer, nil
}

// keysSMIME shows the certificate that signs S/MIME mail, for readers to trust, and makes it where there is none.
func (p *program) keysSMIME(ctx context.Context, o *office, c *cli.Command) error {
	signer, err := smimeSigner(o.cfg, o.secrets)
	if errors.Is(err, errNoSMIME) && c.Bool("make") {
		signer, err = p.makeSMIME(ctx, o)
	}
	if err != nil {
		return err
	}
	show := signer.Certificate()
	if c.Bool("authority") {
		show = signer.Authority()
	}
	_, err = p.out.Write(show)
	return err
}

// makeSMIME writes the record's entry first, as every act here does.
func (p *program) makeSMIME(ctx context.Context, o *office) (*smime.Signer, error) {
	if o.cfg.Mail.From == "" {
		return nil, hint.Add(errors.New("the certificate names the sender of the mail, and mail.from is not set"), "set mail.from and mail.relay first")
	}
	signer, pem, err := smime.NewSigner(o.cfg.Mail.From, p.now())
	if err != nil {
		return nil, err
	}
	if err := o.store.Audit(ctx, operatorEntry(audit.ActSMIMEKeyMade, string(signer.Fingerprint()))); err != nil {
		return nil, err
	}
	return signer, o.secrets.AddSMIME(pem)
}
