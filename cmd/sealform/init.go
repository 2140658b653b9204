package main

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/urfave/cli/v3"

	"sealform/forms/library"
	"sealform/internal/config"
	"sealform/internal/hint"
	"sealform/internal/secrets"
	"sealform/keys"
)

//go:embed sealform.yaml.tmpl
var configText string

// plan is the choice of names, hosts and forms that a new service is made from.
type plan struct {
	Dir     string
	Name    string // the clinic's
	Service string // id, which build draws
	Intake  string // host name of the public pages
	Viewer  string // host name of the staff pages
	Zone    string
	Forms   []string // of the library
}

// initCommand is `sealform init`. What it writes is a service that starts once it has a key and a certificate.
func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "make a new service in a folder: configuration, a first form, secrets",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Value: ".", Usage: "the folder"},
			&cli.StringFlag{Name: "name", Value: "Our clinic", Usage: "the organisation's name, shown on every page"},
			&cli.StringFlag{Name: "host", Value: "forms.example.org", Usage: "host name of the public pages"},
			&cli.StringFlag{Name: "staff-host", Value: "staff.example.org", Usage: "host name of the staff pages"},
			&cli.StringFlag{Name: "zone", Value: "UTC", Usage: "time zone of the staff pages, such as America/New_York"},
		},
		Action: func(_ context.Context, c *cli.Command) error {
			pl := plan{
				Dir: c.String("dir"), Name: c.String("name"), Intake: c.String("host"), Viewer: c.String("staff-host"),
				Zone: c.String("zone"), Forms: []string{"contact"},
			}
			if err := pl.check(); err != nil {
				return err
			}
			if err := pl.build(p.now()); err != nil {
				return err
			}
			where, err := filepath.Abs(pl.Dir)
			if err == nil {
				_, err = fmt.Fprintf(p.out, initDone, where)
			}
			return err
		},
	}
}

// initDone is said when the folder is made; %s is the folder.
const initDone = `A new service is in %s
Next, in that folder:
  1. sealform user add --email you@example.org
     makes your account for the staff pages
  2. sealform keys generate --name front-desk --for you@example.org --draw
     makes the key that opens the answers, and writes keys/front-desk.asc
  3. look through sealform.yaml (host names, TLS, mail) and forms/contact.yaml (the telephone number)
  4. put the certificate for both host names into tls/cert.pem and its key into tls/key.pem,
     or set tls to mode: auto, which obtains one
  5. sealform serve
Copy the folder "secrets" to a safe place of its own. Without a reader's key and its password nobody can open an
answer, you included: see sealform keys export.
`

// check refuses names that the configuration would not take, and a folder that holds a service.
func (pl *plan) check() error {
	_, zoneFault := time.LoadLocation(pl.Zone)
	switch {
	case config.CheckLine(pl.Name) != nil:
		return hint.Add(fmt.Errorf("--name %w", config.CheckLine(pl.Name)), `--name "Riverside Family Clinic"`)
	case zoneFault != nil || pl.Zone == "":
		return hint.Add(fmt.Errorf("there is no time zone %q", pl.Zone), "a name such as Europe/Berlin")
	case config.CheckHostName(pl.Intake) != nil || config.CheckHostName(pl.Viewer) != nil:
		return hint.Add(errors.New("--host and --staff-host must be host names without a port"), "--host forms.example.org --staff-host staff.example.org")
	case strings.EqualFold(pl.Intake, pl.Viewer):
		return hint.Add(errors.New("the public and the staff pages need two host names"), "--host forms.example.org --staff-host staff.example.org")
	}
	if _, err := os.Stat(filepath.Join(pl.Dir, config.FileName)); err == nil {
		return hint.Add(fmt.Errorf("%s holds a service already", pl.Dir), "another folder with --dir, or go on with `sealform serve`")
	}
	return nil
}

// build makes the folder. The configuration is written last: what was cut off before can be built again elsewhere,
// and is never mistaken for whole.
func (pl *plan) build(now time.Time) error {
	pl.Service = "sf-" + rand.Text()[:16]
	for _, d := range []string{"", "forms", "keys", "data"} {
		if err := os.MkdirAll(filepath.Join(pl.Dir, d), 0o700); err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
	}
	_, signing, err := keys.NewSigner(pl.Service, now)
	if err != nil {
		return err
	}
	if err := secrets.Create(filepath.Join(pl.Dir, "secrets"), signing); err != nil {
		return hint.Add(err, "another folder with --dir; what lies here was begun and not finished, or is of another service")
	}
	for _, id := range pl.Forms {
		if err := pl.form(id); err != nil {
			return err
		}
	}
	t, err := template.New(config.FileName).Parse(configText)
	if err != nil {
		return fmt.Errorf("reading the configuration's pattern: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, pl); err != nil {
		return fmt.Errorf("filling the configuration in: %w", err)
	}
	return writeNew(filepath.Join(pl.Dir, config.FileName), b.Bytes(), 0o600)
}

// form writes a form file of the library, under the clinic's own name.
func (pl *plan) form(id string) error {
	src, ok := library.Source(id)
	if !ok {
		return fmt.Errorf("the library has no form %q", id)
	}
	if pl.Name != demoName {
		src = bytes.ReplaceAll(src, []byte("name: "+demoName), fmt.Appendf(nil, "name: %q", pl.Name))
	}
	return writeNew(filepath.Join(pl.Dir, "forms", id+".yaml"), src, 0o600)
}
