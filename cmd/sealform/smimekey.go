package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/hint"
	"sealform/internal/server"
	"sealform/keys/smime"
)

// keysSMIME shows the certificate that signs S/MIME mail, for readers to trust, and makes it where there is none.
func (p *program) keysSMIME(ctx context.Context, o *operator, c *cli.Command) error {
	signer, err := server.SMIMESigner(o.cfg, o.secrets)
	if errors.Is(err, server.ErrNoSMIME) && c.Bool("make") {
		signer, err = p.makeSMIME(ctx, o)
	}
	if err != nil {
		return err
	}
	show := signer.Certificate()
	if c.Bool("authority") {
		show = signer.Authority()
	}
	return p.say("%s", show)
}

// makeSMIME writes the record's entry first, as every act here does.
func (p *program) makeSMIME(ctx context.Context, o *operator) (*smime.Signer, error) {
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
