package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"

	mailaddress "sealform/internal/address"
	"sealform/internal/config"
	"sealform/internal/hint"
	"sealform/internal/outward"
	"sealform/internal/server"
	"sealform/internal/wkd"
	"sealform/keys"
)

// keysFetch looks an address's key up in its domain's directory, shows it, and with --yes pins it in a file, if it is the
// one whose fingerprint its owner told. Nothing fetches it again: a directory that changes its mind changes nothing here.
func (p *program) keysFetch(ctx context.Context, o *operator, c *cli.Command) error {
	address := strings.ToLower(c.Args().First())
	_, domain, err := mailaddress.Split(address)
	if err != nil {
		return hint.Add(fmt.Errorf("%q is not a plain mail address", c.Args().First()), "one such as dana@riverside.example")
	}
	want := config.PlainFingerprint(c.String("fingerprint"))
	if c.Bool("yes") && want == "" {
		return usagef(c, "--yes keeps a key for good, so say which: --fingerprint, as its owner tells it and not as the directory shows it")
	}
	path, err := o.keyPath(ctx, c.String("name"))
	if err != nil {
		return err
	}
	cert, err := p.lookUp(ctx, o, address, domain)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "The directory of %s gives this key for %s:\n  fingerprint %s\n  %s\n", domain, address, cert.Fingerprint().Grouped(), ends(cert))
	if want != "" && want != string(cert.Fingerprint()) {
		return hint.Add(errors.New("that is not the fingerprint given with --fingerprint; nothing was kept"), "ask its owner once more, and keep no key that its owner does not know")
	}
	if !c.Bool("yes") {
		return p.say("Nothing is kept yet. Compare the fingerprint with its owner by telephone; if it is the same, keep the key with:\n  %s\n",
			keepCommand(c, address, cert.Fingerprint()))
	}
	if err := writeNew(path, cert.Armored(), 0o644); err != nil {
		return err
	}
	modern := ""
	if cert.Version() != 4 {
		modern = ", profile: modern" // the default is sealed to version 4 alone
	}
	return p.say("It is kept in %s and is never fetched again. In sealform.yaml, under recipients:\n  %s: { key: keys/%s.asc, fingerprint: %s%s }\n",
		path, address, c.String("name"), cert.Fingerprint(), modern)
}

// keepCommand is the whole of it, to be run as it stands.
func keepCommand(c *cli.Command, address string, f keys.Fingerprint) string {
	config := ""
	if c.IsSet("config") {
		config = " --config " + quoted(c.String("config"))
	}
	return fmt.Sprintf("sealform keys fetch %s --name %s --fingerprint %s --yes%s", quoted(address), c.String("name"), f, config)
}

// quoted is a word as a shell takes it.
func quoted(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// plainWord needs no quotes in a shell.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_-]+$`)

// ends says when a key expires.
func ends(cert *keys.Certificate) string {
	if e := cert.Expires(); !e.IsZero() {
		return "ends on " + e.UTC().Format("2 January 2006")
	}
	return "never ends"
}

// lookUp wants a key that can be sealed to and that says it is the address's own. What a directory wrote beside the
// address is not shown: it is a stranger's.
func (p *program) lookUp(ctx context.Context, o *operator, address, domain string) (*keys.Certificate, error) {
	const otherwise = "ask its owner for the key file, and `sealform keys import` it"
	b, err := wkd.Fetch(ctx, server.Outward(p.outward, o.cfg), address)
	if err != nil {
		return nil, hint.Add(fmt.Errorf("looking up the key of %s: %s", address, notFetched(err)), otherwise)
	}
	cert, err := keys.ParseCertificate(b, p.now())
	if err != nil {
		return nil, fmt.Errorf("the directory of %s: %w", domain, err)
	}
	if !cert.Names(address, p.now()) {
		return nil, hint.Add(fmt.Errorf("the directory of %s gave a key that does not name %s", domain, address), otherwise)
	}
	return cert, nil
}

// notFetched says in words why there is no answer; what a stranger's server said is not among them.
func notFetched(err error) string {
	var failed *outward.Error
	if !errors.As(err, &failed) {
		return err.Error()
	}
	if words := whyNotFetched[failed.Code]; words != "" {
		return words
	}
	return "its domain's directory gives no answer that can be used (" + string(failed.Code) + ")"
}

var whyNotFetched = map[outward.Code]string{
	"answered_404":    "its domain's directory has none",
	"unknown_host":    "its domain has no key directory",
	"inside":          "its domain's directory is at an inside address, which is not called unless outward.allow names it",
	"bad_certificate": "its domain's directory shows a certificate that is not good",
}
