package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"sealform/internal/outward"
	"sealform/internal/wkd"
	"sealform/keys"
)

// keysFetch looks an address's key up in its domain's directory, shows it, and pins it in a file. Nothing fetches it
// again: a directory that changes its mind changes nothing here.
func (p *program) keysFetch(ctx context.Context, o *office, c *cli.Command) error {
	address, err := plainAddress(c.Args().First())
	if err != nil {
		return err
	}
	path, err := o.keyPath(ctx, c.String("name"))
	if err != nil {
		return err
	}
	cert, err := p.lookUp(ctx, o, address)
	if err != nil {
		return err
	}
	ends := "never"
	if e := cert.Expires(); !e.IsZero() {
		ends = e.UTC().Format("2 January 2006")
	}
	fmt.Fprintf(p.out, "The directory of %s gives this key for %s:\n  %s\n  fingerprint %s, ends %s\n", domainOf(address), address, cert.UserID(), grouped(cert.Fingerprint()), ends)
	if !c.Bool("yes") {
		fmt.Fprintf(p.out, "Compare the fingerprint with its owner by telephone. Then run this again with --yes to keep it.\n")
		return nil
	}
	if want := plainFingerprint(c.String("fingerprint")); want != "" && want != string(cert.Fingerprint()) {
		return errors.New("that is not the fingerprint given with --fingerprint; nothing was kept")
	}
	if err := writeNew(path, cert.Armored(), 0o644); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "It is kept in %s and is never fetched again. In sealform.yaml, under recipients:\n  %s: { key: keys/%s.asc, fingerprint: %s }\n",
		path, address, c.String("name"), cert.Fingerprint())
	return err
}

// lookUp wants a key that can be sealed to and that says it is the address's own.
func (p *program) lookUp(ctx context.Context, o *office, address string) (*keys.Certificate, error) {
	b, err := wkd.Fetch(ctx, outward.New(outward.Config{Allow: o.cfg.Outward}), address)
	if err != nil {
		return nil, try(fmt.Errorf("looking up the key of %s: %w", address, err), "ask its owner for the key file, and `sealform keys import`")
	}
	cert, err := keys.ParseCertificate(b, p.now())
	if err != nil {
		return nil, err
	}
	if !strings.Contains(strings.ToLower(cert.UserID()), "<"+address+">") && !strings.EqualFold(cert.UserID(), address) {
		return nil, try(fmt.Errorf("the directory gave a key of another address: %q", cert.UserID()), "ask its owner for the key file")
	}
	return cert, nil
}

func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}

// grouped is a fingerprint as people compare it: in fours.
func grouped(f keys.Fingerprint) string {
	var b strings.Builder
	for i, r := range string(f) {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plainFingerprint is the way back, however it was typed.
func plainFingerprint(s string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", ":", "").Replace(s))
}
