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
	"text/template"
	"time"

	"github.com/urfave/cli/v3"

	"sealform/forms/library"
	"sealform/internal/secrets"
	"sealform/keys"
)

//go:embed sealform.yaml.tmpl
var configText string

// plan is what a new service is made of.
type plan struct {
	Dir     string
	Name    string // the clinic's
	Service string // id; drawn when empty
	Intake  string // host name of the public pages
	Viewer  string // host name of the staff pages
	Zone    string
	Forms   []string // of the library
}

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
		OnUsageError: wrongCall,
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
			_, err := fmt.Fprintf(p.out, initDone, pl.Dir)
			return err
		},
	}
}

const initDone = `A new service is in %s. Next, in that folder:
  1. sealform user add --email you@example.org
     makes your account for the staff pages
  2. sealform keys generate --name front-desk --for you@example.org --draw
     makes the key that opens the answers, and writes keys/front-desk.asc
  3. look through sealform.yaml: host names, TLS, mail
  4. sealform serve
Copy the folder "secrets" to a safe place of its own. Without a reader's key and its password nobody can open an
answer, you included: see sealform keys export.
`

func (pl *plan) check() error {
	if _, err := time.LoadLocation(pl.Zone); err != nil {
		return try(fmt.Errorf("there is no time zone %q", pl.Zone), "a name such as Europe/Berlin")
	}
	if pl.Intake == pl.Viewer {
		return try(errors.New("the public and the staff pages need two host names"), "--host forms.example.org --staff-host staff.example.org")
	}
	_, err := os.Stat(filepath.Join(pl.Dir, "sealform.yaml"))
	if err == nil {
		return try(fmt.Errorf("%s holds a service already", pl.Dir), "another folder with --dir, or go on with `sealform serve`")
	}
	return nil
}

// build makes the folder. The configuration is written last: what was cut off before can be built again elsewhere,
// and is never mistaken for whole.
func (pl *plan) build(now time.Time) error {
	if pl.Service == "" {
		pl.Service = "sf-" + rand.Text()[:16]
	}
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
		return err
	}
	for _, id := range pl.Forms {
		src, ok := library.Source(id)
		if !ok {
			return fmt.Errorf("the library has no form %q", id)
		}
		if err := os.WriteFile(filepath.Join(pl.Dir, "forms", id+".yaml"), src, 0o600); err != nil {
			return fmt.Errorf("writing a form file: %w", err)
		}
	}
	t, err := template.New("sealform.yaml").Parse(configText)
	if err != nil {
		return fmt.Errorf("reading the configuration's pattern: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, pl); err != nil {
		return fmt.Errorf("filling the configuration in: %w", err)
	}
	if err := os.WriteFile(filepath.Join(pl.Dir, "sealform.yaml"), b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}
