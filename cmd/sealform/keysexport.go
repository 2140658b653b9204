package main

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/hint"
	"sealform/keys/private"
)

// keysExport is `sealform keys export`. A private key leaves under a password of its own, and on record.
func (p *program) keysExport(ctx context.Context, o *operator, c *cli.Command) error {
	k, err := o.key(ctx, c.Args().First())
	if err != nil {
		return err
	}
	locked, err := private.ParseLocked(k.Locked)
	if err != nil {
		return err
	}
	if c.Bool("public") {
		return p.give(c.String("out"), locked.Certificate(), 0o644)
	}
	armored, err := p.copyOf(ctx, locked)
	if err != nil {
		return err
	}
	if err := o.store.Audit(ctx, operatorEntry(audit.ActKeyExported, string(k.Fingerprint))); err != nil {
		return err
	}
	return p.give(c.String("out"), armored, 0o600)
}

// copyOf makes a copy of a key under a password of its own. The key's password is tried before the other is asked for.
func (p *program) copyOf(ctx context.Context, locked *private.Locked) ([]byte, error) {
	pw, err := p.askPassword(ctx, "key password", false)
	if err != nil {
		return nil, err
	}
	key, err := locked.Unlock(pw)
	if err != nil {
		return nil, err
	}
	key.Wipe()
	copyPw, err := p.askPassword(ctx, "password of the copy", true)
	if err != nil {
		return nil, err
	}
	if len(copyPw.Reveal()) < minKeyPassword {
		return nil, hint.Add(fmt.Errorf("the copy's password needs at least %d characters", minKeyPassword), "a longer one, such as the key password itself")
	}
	return locked.Export(pw, copyPw)
}

// give writes to a new file, or to standard output where none is named.
func (p *program) give(out string, b []byte, mode fs.FileMode) error {
	if out == "" {
		return p.say("%s", b)
	}
	if err := writeNew(out, b, mode); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.err, "Written to %s.\n", out)
	return err
}
