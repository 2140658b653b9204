package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/hint"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
)

// minKeyPassword is the least length of a key password that a person thinks of, in bytes.
const minKeyPassword = 12

// keysCommand is `sealform keys`.
func (p *program) keysCommand() *cli.Command {
	name := &cli.StringFlag{Name: "name", Usage: "the file's name in keys/, without .asc", Required: true}
	owner := &cli.StringFlag{Name: "for", Usage: "e-mail of the account whose key it is", Required: true}
	return &cli.Command{
		Name: "keys", Usage: "make, bring, give out and remove readers' keys", Action: p.needsSubcommand,
		Commands: []*cli.Command{
			p.storeCommand("generate", "make a key pair for a person", "", p.keysGenerate, name, owner,
				&cli.BoolFlag{Name: "draw", Usage: "draw a password and show it once, instead of asking for one"}),
			p.storeCommand("import", "bring a key: a certificate, or a private key with its password", "FILE", p.keysImport, name,
				&cli.StringFlag{Name: "for", Usage: "e-mail of the account whose private key it is"}),
			p.storeCommand("export", "give out a private key under a password, as gpg takes it", "NAME|FINGERPRINT", p.keysExport,
				&cli.StringFlag{Name: "out", Usage: "file to write; standard output unless told"},
				&cli.BoolFlag{Name: "public", Usage: "the certificate alone: no secret, no password"}),
			p.storeCommand("list", "show the keys and who reads with them", "", p.keysList),
			p.storeCommand("remove", "remove a private key from this service", "NAME|FINGERPRINT", p.keysRemove,
				&cli.BoolFlag{Name: "yes", Usage: "do it; without another copy of the key nobody opens with it again"}),
			p.storeCommand("signing", "show the server's signing certificate, which `sealform open` asks for", "", p.keysSigning,
				&cli.BoolFlag{Name: "all", Usage: "those before it too"}),
			p.storeCommand("fetch", "look up an address's key in its domain's directory (WKD); with --yes, keep it for good", "ADDRESS", p.keysFetch, name,
				&cli.StringFlag{Name: "fingerprint", Usage: "refuse any other key than the one that has this; needed with --yes"},
				&cli.BoolFlag{Name: "yes", Usage: "keep it in keys/; without, it is shown only"}),
			p.storeCommand("smime", "show the certificate that signs S/MIME mail", "", p.keysSMIME,
				&cli.BoolFlag{Name: "make", Usage: "make one for mail.from, where there is none"},
				&cli.BoolFlag{Name: "authority", Usage: "the authority above it alone, which readers' programs are told to trust"}),
			p.storeCommand("rotate-signing", "give the server a new signing key", "", p.keysRotateSigning),
		},
	}
}

// keysGenerate is `sealform keys generate`: a key that a person of this service can unlock.
func (p *program) keysGenerate(ctx context.Context, o *operator, c *cli.Command) error {
	a, err := o.account(ctx, c.String("for"))
	if err != nil {
		return err
	}
	path, err := o.keyPath(ctx, c.String("name"))
	if err != nil {
		return err
	}
	pw, err := p.newKeyPassword(ctx, c.Bool("draw"))
	if err != nil {
		return err
	}
	locked, err := private.Generate(fmt.Sprintf("%s <%s>", c.String("name"), a.Email), pw, p.now())
	if err != nil {
		return err
	}
	if err := o.addKey(ctx, locked, c.String("name"), path, a.ID, audit.ActKeyGenerated); err != nil {
		return err
	}
	return p.say("Key %s is made for %s.\nIts certificate is %s: name it in a group of sealform.yaml, then restart.\n"+
		"Now keep a copy elsewhere: sealform keys export %s --out FILE\n", locked.Fingerprint(), a.Email, path, c.String("name"))
}

// newKeyPassword asks for one, or draws it and shows it this once.
func (p *program) newKeyPassword(ctx context.Context, draw bool) (keys.Password, error) {
	if !draw {
		pw, err := p.askPassword(ctx, "new key password", true)
		if err == nil && len(pw.Reveal()) < minKeyPassword {
			return keys.Password{}, hint.Add(fmt.Errorf("a key password needs at least %d characters", minKeyPassword), "--draw, which draws a strong one")
		}
		return pw, err
	}
	pw := passphrase()
	return pw, p.say("Key password, shown only now: %s\nWrite it down on paper. Nobody can find it out again.\n", pw.Reveal())
}

// keysImport is `sealform keys import`. A certificate is written to keys/; a private key goes on to importPrivate.
func (p *program) keysImport(ctx context.Context, o *operator, c *cli.Command) error {
	path, err := o.keyPath(ctx, c.String("name"))
	if err != nil {
		return err
	}
	b, err := os.ReadFile(c.Args().First()) // #nosec G304 -- the file that the operator names
	if err != nil {
		return fmt.Errorf("reading the key: %w", err)
	}
	cert, err := keys.ParseCertificate(b, p.now())
	if err == nil {
		if err := writeNew(path, cert.Armored(), 0o644); err != nil {
			return err
		}
		next := "Name it in a group of sealform.yaml, then restart."
		if cert.Version() != 4 {
			next = "It is of the new format, for mail only: name it under recipients of sealform.yaml, with profile: modern."
		}
		return p.say("Certificate %s is in %s.\n%s\n", cert.Fingerprint(), path, next)
	}
	if !errors.Is(err, keys.ErrSecret) {
		return err
	}
	return p.importPrivate(ctx, o, c, b, path)
}

// importPrivate stores a private key under a new password, for an account.
func (p *program) importPrivate(ctx context.Context, o *operator, c *cli.Command, b []byte, path string) error {
	if c.String("for") == "" {
		return usagef(c, "this is a private key; say whose account reads with it: --for EMAIL")
	}
	a, err := o.account(ctx, c.String("for"))
	if err != nil {
		return err
	}
	old, err := p.askPassword(ctx, "password of the key as it is", false)
	if err != nil {
		return err
	}
	pw, err := p.newKeyPassword(ctx, false)
	if err != nil {
		return err
	}
	locked, err := private.Import(b, old, pw, p.now())
	if err != nil {
		return err
	}
	if _, err := keys.ParseCertificate(locked.Certificate(), p.now()); err != nil {
		return err
	}
	if err := o.addKey(ctx, locked, c.String("name"), path, a.ID, audit.ActKeyImported); err != nil {
		return err
	}
	return p.say("Key %s is here for %s, under its new password.\nIts certificate is %s.\n", locked.Fingerprint(), a.Email, path)
}

// keysRemove is `sealform keys remove`. It cannot be undone, hence --yes.
func (p *program) keysRemove(ctx context.Context, o *operator, c *cli.Command) error {
	k, err := o.key(ctx, c.Args().First())
	if err != nil {
		return err
	}
	if !c.Bool("yes") {
		return hint.Add(fmt.Errorf("key %s (%s) would be gone for good from this service", k.Fingerprint, k.Name), "`sealform keys export` first, then this again with --yes")
	}
	if err := o.store.RemoveKey(ctx, k.Fingerprint, operatorEntry(audit.ActKeyRemoved, string(k.Fingerprint))); err != nil {
		return err
	}
	return p.say("Private key %s is removed. Take keys/%s.asc out of sealform.yaml's groups too, then restart.\n", k.Fingerprint, k.Name)
}

// keysSigning is `sealform keys signing`: the public half of the server's signing keys.
func (p *program) keysSigning(_ context.Context, o *operator, c *cli.Command) error {
	signer, err := keys.ParseSigner(o.secrets.Signing())
	if err != nil {
		return err
	}
	all := [][]byte{signer.Certificate()}
	if c.Bool("all") {
		all = append(all, o.secrets.Retired()...)
	}
	return p.say("%s", bytes.Join(all, []byte("\n")))
}

// keysRotateSigning writes the record's entry first, as every act here does: one that was cut off leaves an entry of a
// key that never signed, and the old key in force. The command can then be given again.
func (p *program) keysRotateSigning(ctx context.Context, o *operator, _ *cli.Command) error {
	old, err := keys.ParseSigner(o.secrets.Signing())
	if err != nil {
		return err
	}
	next, secret, err := keys.NewSigner(o.cfg.Service, p.now())
	if err != nil {
		return err
	}
	e := operatorEntry(audit.ActSigningKeyRotated, string(old.Fingerprint()), string(next.Fingerprint()))
	if err := o.store.Audit(ctx, e); err != nil {
		return err
	}
	if err := o.secrets.Rotate(secret, old.Certificate(), string(old.Fingerprint())); err != nil {
		return err
	}
	return p.say("New signing key %s; the old one, %s, still verifies what it signed.\nRestart every process of the service.\n", next.Fingerprint(), old.Fingerprint())
}

// keyName is the pattern of a key file's name, without .asc.
var keyName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// keyPath is where a certificate of that name goes; it refuses names that would leave the folder, files that exist and
// names that a key has: `keys remove NAME` must mean one.
func (o *operator) keyPath(ctx context.Context, name string) (string, error) {
	if !keyName.MatchString(name) {
		return "", hint.Add(fmt.Errorf("%q can't be a key's name", name), "lower-case letters, digits, dots and dashes")
	}
	path := filepath.Join(o.cfg.Dir, "keys", name+".asc")
	if _, err := os.Stat(path); err == nil {
		return "", hint.Add(fmt.Errorf("%s is there already", path), "another --name")
	}
	held, err := o.store.Keys(ctx)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(held, func(k store.LockedKey) bool { return k.Name == name }) {
		return "", hint.Add(fmt.Errorf("a private key of the name %q is here already", name),
			"another --name; its certificate comes from: sealform keys export %s --public --out %s", name, path)
	}
	return path, nil
}

// addKey stores a private key that a person of this service can unlock, then writes its certificate; where that fails
// the key goes too. In this order no certificate is left, to be sealed to, whose key is not here.
func (o *operator) addKey(ctx context.Context, l *private.Locked, name, path string, account int64, act string) error {
	err := o.store.AddKey(ctx, store.LockedKey{
		Fingerprint: l.Fingerprint(), Account: account, Name: name, Locked: bytes.Clone(l.Bytes()),
	}, operatorEntry(act, string(l.Fingerprint())))
	if err != nil {
		return err
	}
	if err := writeNew(path, l.Certificate(), 0o644); err != nil {
		return errors.Join(err, o.store.RemoveKey(ctx, l.Fingerprint(), operatorEntry(audit.ActKeyRemoved, string(l.Fingerprint()))))
	}
	return nil
}

// key finds a private key by its name or fingerprint.
func (o *operator) key(ctx context.Context, which string) (*store.LockedKey, error) {
	held, err := o.store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	want := strings.ToUpper(strings.ReplaceAll(which, " ", ""))
	found := slices.DeleteFunc(held, func(k store.LockedKey) bool { return k.Name != which && string(k.Fingerprint) != want })
	switch len(found) {
	case 1:
		return &found[0], nil
	case 0:
		return nil, hint.Add(fmt.Errorf("there is no private key %q here", which), "`sealform keys list`")
	default:
		return nil, hint.Add(fmt.Errorf("%d private keys are called %q", len(found), which), "the fingerprint, which `sealform keys list` shows")
	}
}
