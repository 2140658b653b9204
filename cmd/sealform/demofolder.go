package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"sealform/internal/audit"
	"sealform/internal/config"
	"sealform/internal/hint"
	"sealform/internal/server"
	"sealform/keys"
	"sealform/keys/private"
)

// demoAccount is the demo's one account with its key, as told to the person who started it. It lies in the demo's folder in clear, as a demo's passwords
// may: they protect made-up answers.
type demoAccount struct {
	demoLogin
	KeyPassword string `json:"key_password"`
	Fingerprint string `json:"fingerprint"`
}

// demoLogin is how to sign in to the demo's one account.
type demoLogin struct {
	Email      string `json:"email"`
	Password   string `json:"password"`
	TOTPSecret string `json:"totp_secret"`
}

const (
	demoEmail  = "dana@riverside.example"
	demoPerson = "Dana Reyes <dana@riverside.example>"
	demoName   = "Riverside Family Clinic"
)

// openFolder makes the demo's service on its first start in a folder, and finds it on later ones. demo.json is written
// last, so that a first start that was cut off is seen and said.
func (d *demo) openFolder(ctx context.Context) error {
	b, err := os.ReadFile(d.path("demo.json"))
	if err == nil {
		if err := json.Unmarshal(b, &d.account); err != nil {
			return hint.Add(fmt.Errorf("%s can't be read", d.path("demo.json")), "a fresh folder with --dir")
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the demo's folder: %w", err)
	}
	if _, err := os.Stat(d.path(config.FileName)); err == nil {
		return hint.Add(fmt.Errorf("%s holds a service that is not a whole demo", d.dir), "a fresh folder with --dir")
	}
	pl := plan{Dir: d.dir, Name: demoName, Intake: "localhost", Viewer: "staff.localhost", Zone: "Local", Forms: []string{"contact", "new-patient"}}
	if err := pl.build(d.now()); err != nil {
		return err
	}
	if err := d.people(ctx); err != nil {
		return err
	}
	b, err = json.MarshalIndent(d.account, "", "  ") // #nosec G117 -- see demoAccount
	if err != nil {
		return fmt.Errorf("writing the demo's passwords: %w", err)
	}
	return writeNew(d.path("demo.json"), append(b, '\n'), 0o600)
}

// people makes the one account and its key, and exports what gpg needs to open the mail.
func (d *demo) people(ctx context.Context) (err error) {
	cfg, err := config.Read(d.path(config.FileName), config.Over{})
	if err != nil {
		return err
	}
	o, err := newOperator(ctx, server.Options{Config: cfg, Now: d.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.store.Close()) }()
	account, key := passphrase(), passphrase()
	id, factor, err := o.addAccount(ctx, demoEmail, account)
	if err != nil {
		return err
	}
	d.account.demoLogin = demoLogin{demoEmail, string(account.Reveal()), factor.Secret}
	d.account.KeyPassword = string(key.Reveal())
	return d.key(ctx, o, id, key)
}

// key makes the front desk's key and writes the three files that gpg needs: the key, its certificate, the server's.
func (d *demo) key(ctx context.Context, o *operator, account int64, pw keys.Password) error {
	locked, err := private.Generate(demoPerson, pw, d.now())
	if err != nil {
		return err
	}
	if err := o.addKey(ctx, locked, "front-desk", d.path("keys", "front-desk.asc"), account, audit.ActKeyGenerated); err != nil {
		return err
	}
	d.account.Fingerprint = string(locked.Fingerprint())
	exported, err := locked.Export(pw, pw)
	if err != nil {
		return err
	}
	signer, err := keys.ParseSigner(o.secrets.Signing())
	if err != nil {
		return err
	}
	for path, b := range map[string][]byte{
		d.path("export", "key.pub.asc"):     locked.Certificate(),
		d.path("export", "key.private.asc"): exported,
		d.path("export", "signer.pub.asc"):  signer.Certificate(),
	} {
		if err := writeNew(path, b, 0o600); err != nil {
			return err
		}
	}
	return nil
}
