package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v3"

	"sealform/internal/readers"
	"sealform/keys"
)

// keysList is `sealform keys list`: private keys that are kept here, the readers of each group, and mailed addresses.
func (p *program) keysList(ctx context.Context, o *operator, _ *cli.Command) error {
	held, err := o.store.Keys(ctx)
	if err != nil {
		return err
	}
	accounts, err := o.store.Accounts(ctx)
	if err != nil {
		return err
	}
	owners, here := map[int64]string{0: "nobody"}, map[keys.Fingerprint]bool{}
	for _, a := range accounts {
		owners[a.ID] = a.Email
	}
	fmt.Fprintln(p.out, "Private keys kept here, each under its own password:")
	for _, k := range held {
		here[k.Fingerprint] = true
		fmt.Fprintf(p.out, "  %s  %-16s  for %s\n", k.Fingerprint, k.Name, owners[k.Account])
	}
	if len(held) == 0 {
		fmt.Fprintln(p.out, "  none; sealform keys generate makes one")
	}
	for _, name := range slices.Sorted(maps.Keys(o.cfg.Groups)) {
		fmt.Fprintf(p.out, "Readers in group %s:\n", name)
		for _, path := range o.cfg.Groups[name] {
			p.listReader(path, here)
		}
	}
	p.listRecipients(o, here)
	return nil
}

// listReader shows one key file of a group; one that can't be used is shown with the reason.
func (p *program) listReader(path string, here map[keys.Fingerprint]bool) {
	cert, err := readers.ReadKey(path, p.now())
	if err != nil {
		fmt.Fprintf(p.out, "  can't be used: %v\n", err)
		return
	}
	where := "opens elsewhere"
	if here[cert.Fingerprint()] {
		where = "opens here"
	}
	if end := cert.Expires(); !end.IsZero() {
		where += ", ends " + end.UTC().Format("2 Jan 2006")
	}
	fmt.Fprintf(p.out, "  %s  %-16s  %s, %s\n", cert.Fingerprint(), filepath.Base(path), cert.UserID(), where)
}
