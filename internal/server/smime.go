package server

import (
	"errors"
	"fmt"
	"io/fs"

	"sealform/internal/config"
	"sealform/internal/secrets"
	"sealform/keys/smime"
)

// ErrNoSMIME: a form is mailed by S/MIME, and there is nothing to sign it with.
var ErrNoSMIME = errors.New("S/MIME mail is signed by this service: make its certificate with `sealform keys smime --make`, or set mail.smime_key")

// openSMIME reads what signs S/MIME mail, where some address has a certificate.
func (s *Server) openSMIME() error {
	used := false
	for _, r := range s.config.Recipients {
		used = used || r.Certificate != ""
	}
	if !used || s.secrets == nil {
		return nil
	}
	signer, err := SMIMESigner(s.config, s.secrets)
	if err == nil {
		err = signer.Usable(s.now())
	}
	if err != nil {
		return err
	}
	s.smime = signer
	if from := s.config.Mail.From; from != "" && !signer.Names(from) {
		if s.config.Mail.SMIMEKey == "" {
			return fmt.Errorf("the certificate that signs S/MIME mail is of another address than mail.from, %s: readers' programs would warn of each mail. "+
				"Move %s/smime.pem away, then run: sealform keys smime --make", from, s.config.Secrets)
		}
		s.events.Trouble("smime", "signer_names_other") // who brings a certificate may have an agreement with the readers
	}
	return nil
}

// SMIMESigner is the one that is configured, or else our own; ErrNoSMIME where neither is.
func SMIMESigner(cfg *config.Config, s *secrets.Secrets) (*smime.Signer, error) {
	var pem []byte
	var err error
	what := "mail.smime_key"
	if cfg.Mail.SMIMEKey != "" {
		pem, err = secrets.ReadFile(cfg.Mail.SMIMEKey)
	} else {
		what = "the key that signs S/MIME mail"
		if pem, err = s.SMIME(); errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNoSMIME
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
