package main

import (
	"context"
	"fmt"
	"net/mail"
	"strings"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/hint"
	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/keys"
)

// minAccountPassword is the least length of an account password, in characters (a second factor is always asked too).
const minAccountPassword = 12

func (p *program) userCommand() *cli.Command {
	email := &cli.StringFlag{Name: "email", Usage: "the person's e-mail, which is the account's name", Required: true}
	return &cli.Command{
		Name: "user", Usage: "add, reset and disable staff accounts", Action: p.needsSubcommand,
		Commands: []*cli.Command{
			p.storeCommand("add", "make an account; asks for its password and shows its second factor once", "", p.userAdd, email),
			p.storeCommand("reset", "give an account a new password and second factor, and sign it out everywhere", "", p.userReset, email),
			p.storeCommand("disable", "shut an account out with its next request", "", p.userDisable, email,
				&cli.BoolFlag{Name: "undo", Usage: "let it in again"}),
			p.storeCommand("list", "show the accounts", "", p.userList),
		},
	}
}

func (p *program) userAdd(ctx context.Context, o *operator, c *cli.Command) error {
	email, err := plainAddress(c.String("email"))
	if err != nil {
		return err
	}
	pw, err := p.accountPassword(ctx)
	if err != nil {
		return err
	}
	_, second, err := o.addAccount(ctx, email, pw)
	if err != nil {
		return err
	}
	return p.say("Account %s is made.\n%s", email, secondFactor(second))
}

// addAccount makes an account and gives its id, and its second factor to be told to the person.
func (o *operator) addAccount(ctx context.Context, email string, pw keys.Password) (id int64, factor staff.TOTP, err error) {
	hash, factor, err := o.credentials(email, pw)
	if err != nil {
		return 0, factor, err
	}
	id, err = o.store.AddAccount(ctx, store.Account{Email: email, Password: hash, TOTP: factor.Sealed}, operatorEntry(audit.ActAccountAdded, email))
	return id, factor, err
}

// credentials are an account's hashed password and a new second factor.
func (o *operator) credentials(email string, pw keys.Password) (hash string, factor staff.TOTP, err error) {
	if hash, err = staff.HashPassword(pw); err != nil {
		return "", factor, err
	}
	factor, err = staff.NewTOTP(o.secrets.Key("totp"), o.cfg.Service, o.cfg.Name, email)
	return hash, factor, err
}

// secondFactor is the text that shows a new second factor, once.
func secondFactor(f staff.TOTP) string {
	return fmt.Sprintf("Second factor, shown only now. Type this secret into an authenticator app, or open the address in it:\n  %s\n  %s\n", f.Secret, f.URI)
}

func (p *program) userReset(ctx context.Context, o *operator, c *cli.Command) error {
	a, err := o.account(ctx, c.String("email"))
	if err != nil {
		return err
	}
	pw, err := p.accountPassword(ctx)
	if err != nil {
		return err
	}
	hash, factor, err := o.credentials(a.Email, pw)
	if err != nil {
		return err
	}
	if err := o.store.SetCredentials(ctx, a.ID, hash, factor.Sealed, operatorEntry(audit.ActAccountReset, a.Email)); err != nil {
		return err
	}
	return p.say("Account %s has a new password and second factor, and is signed out everywhere.\nIts keys keep their own passwords.\n%s",
		a.Email, secondFactor(factor))
}

func (p *program) userDisable(ctx context.Context, o *operator, c *cli.Command) error {
	a, err := o.account(ctx, c.String("email"))
	if err != nil {
		return err
	}
	disable, act, said := true, audit.ActAccountDisabled, "is shut out with its next request. Keys it may have copied still open what was sealed to them"
	if c.Bool("undo") {
		disable, act, said = false, audit.ActAccountEnabled, "may sign in again"
	} else if err := p.sayNamed(ctx, o, a); err != nil {
		return err
	}
	if err := o.store.SetDisabled(ctx, a.ID, disable, operatorEntry(act, a.Email)); err != nil {
		return err
	}
	return p.say("Account %s %s.\n", a.Email, said)
}

// sayNamed lists the configuration and forms that still name a disabled account, which disabling does not change.
func (p *program) sayNamed(ctx context.Context, o *operator, a *store.Account) error {
	named, err := o.stillNamed(ctx, a)
	if err != nil || len(named) == 0 {
		return err
	}
	return p.say("Change this too, then restart:\n  %s\n", strings.Join(named, "\n  "))
}

func (p *program) userList(ctx context.Context, o *operator, _ *cli.Command) error {
	all, err := o.store.Accounts(ctx)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, a := range all {
		state := "active"
		if a.Disabled {
			state = "disabled"
		}
		fmt.Fprintf(&b, "%-9s since %s  %s\n", state, a.Created.In(o.cfg.Zone).Format("2006-01-02"), a.Email)
	}
	if len(all) == 0 {
		b.WriteString("There are no accounts yet. Make one: sealform user add --email EMAIL\n")
	}
	return p.say("%s", b.String())
}

func (p *program) accountPassword(ctx context.Context) (keys.Password, error) {
	pw, err := p.askPassword(ctx, "new account password", true)
	if err != nil {
		return pw, err
	}
	if n := len([]rune(string(pw.Reveal()))); n < minAccountPassword {
		return keys.Password{}, hint.Add(fmt.Errorf("an account password needs at least %d characters; this has %d", minAccountPassword, n), "a longer one; any characters will do")
	}
	return pw, nil
}

// plainAddress takes an e-mail address alone, without a name.
func plainAddress(s string) (string, error) {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || strings.ContainsAny(s, "\"\\ ") {
		return "", hint.Add(fmt.Errorf("%q is not an e-mail address", s), "one such as dana@riverside.example")
	}
	return strings.ToLower(s), nil
}
