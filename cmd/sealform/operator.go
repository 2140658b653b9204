package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/config"
	"sealform/internal/hint"
	"sealform/internal/secrets"
	"sealform/internal/server"
	"sealform/internal/store"
)

// operator is the opened configuration, secrets and store of an operator's command, but no form and no listener, so
// that a command can mend what keeps the service from starting.
type operator struct {
	cfg     *config.Config
	secrets *secrets.Secrets
	store   *store.Store
	now     func() time.Time
}

// storeCommand is a subcommand that runs with an operator open. args names its one argument, "" for none.
func (p *program) storeCommand(name, usage, args string, run func(context.Context, *operator, *cli.Command) error, flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: args,
		Flags: append([]cli.Flag{configFlag()}, flags...),
		Action: func(ctx context.Context, c *cli.Command) (err error) {
			cfg, err := p.readConfig(c)
			if err != nil {
				return err
			}
			// Losing the secrets folder costs no submission: `export` has the flag.
			o, err := newOperator(ctx, server.Options{Config: cfg, Now: p.now, AnyOwner: c.Bool("anyway")})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, o.store.Close()) }()
			return run(ctx, o, c)
		},
	}
}

// newOperator opens secrets and store. Close the store.
func newOperator(ctx context.Context, of server.Options) (*operator, error) {
	sec, err := secrets.Load(of.Config.Secrets, of.Config.Service)
	if err != nil {
		return nil, err
	}
	st, err := server.OpenStore(ctx, of, sec)
	if err != nil {
		return nil, err
	}
	return &operator{of.Config, sec, st, of.Now}, nil
}

// account finds an account by its e-mail.
func (o *operator) account(ctx context.Context, email string) (*store.Account, error) {
	a, err := o.store.Account(ctx, strings.ToLower(strings.TrimSpace(email)))
	if errors.Is(err, store.ErrNotFound) {
		return nil, hint.Add(fmt.Errorf("there is no account %q", email), "`sealform user list`, or `sealform user add --email %s`", email)
	}
	return a, err
}

// operatorEntry records an act of a command: whoever may run it on this machine is the operator.
func operatorEntry(act string, about ...string) audit.Entry {
	return audit.Entry{Who: "operator", Act: act, About: about}
}

// writeNew writes a file that is not there yet, as createFile does.
func writeNew(path string, b []byte, mode fs.FileMode) error {
	return createFile(path, mode, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// createFile makes a file that is not there yet, and the folder that it is in, and returns after what write gave it is
// durable; a file that can't be written whole is not left.
func createFile(path string, mode fs.FileMode, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the operator's path
	if errors.Is(err, fs.ErrExist) {
		return hint.Add(fmt.Errorf("%s is there already and is not overwritten", path), "another file name")
	}
	if err != nil {
		return fmt.Errorf("making a file: %w", err)
	}
	if err = write(f); err == nil {
		err = errors.Join(f.Chmod(mode), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(path))
	}
	return nil
}
