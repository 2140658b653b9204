package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/urfave/cli/v3"

	"sealform/internal/config"
	"sealform/internal/demo/ca"
	"sealform/internal/demo/postbox"
	"sealform/internal/demo/site"
	"sealform/internal/server"
)

// demoCommand is `sealform demo`: a service to try out, in a folder that is gone at the end unless --dir keeps it.
func (p *program) demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "try everything on this machine: a clinic's site, its forms, the staff pages and real mail",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "keep everything in this folder and carry on with it next time; otherwise it is gone at the end"},
			&cli.BoolFlag{Name: "json", Usage: "print one line of JSON when ready, for scripts"},
			&cli.StringFlag{Name: "intake-addr", Value: "localhost:8443", Usage: "where the public pages listen"},
			&cli.StringFlag{Name: "viewer-addr", Value: "localhost:8445", Usage: "where the staff pages listen"},
			&cli.StringFlag{Name: "site-addr", Value: "localhost:8444", Usage: "where the clinic's own site listens"},
		},
		Action: func(ctx context.Context, c *cli.Command) (err error) {
			dir := c.String("dir")
			if dir == "" {
				if dir, err = os.MkdirTemp("", "sealform-demo-"); err != nil {
					return fmt.Errorf("making a folder for the demo: %w", err)
				}
				defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			}
			if dir, err = filepath.Abs(dir); err != nil {
				return fmt.Errorf("finding the demo's folder: %w", err)
			}
			d := &demo{program: p, dir: dir, json: c.Bool("json"), open: map[string]net.Listener{}}
			return d.run(ctx, [2]string{server.Intake, c.String("intake-addr")}, [2]string{server.Viewer, c.String("viewer-addr")},
				[2]string{"site", c.String("site-addr")}, [2]string{"mail", "localhost:0"})
		},
	}
}

// demo is a whole service on one machine: a real configuration in a folder, real TLS from an authority of its own, a
// real mail server, and beside it the clinic's fake site. What it serves, `serve` would serve from the same folder.
type demo struct {
	*program
	dir     string
	json    bool
	account demoAccount
	ca      *ca.CA
	open    map[string]net.Listener // by role, and of the site and the mail server
}

// run makes or finds the folder and opens every listener before the service: the ports go into its configuration.
func (d *demo) run(ctx context.Context, addresses ...[2]string) (err error) {
	if err := d.openFolder(ctx); err != nil {
		return err
	}
	if d.ca, err = ca.Open(filepath.Join(d.dir, "ca"), d.now()); err != nil {
		return err
	}
	for _, a := range addresses {
		ln, err := server.Listen(ctx, a[0], a[1])
		if err != nil {
			return err
		}
		defer func() { _ = ln.Close() }() // the servers close theirs; this is for an early end
		d.open[a[0]] = ln
	}
	box, err := postbox.New(postbox.Config{Dir: d.mailDir(), Certificate: d.ca.Server})
	if err != nil {
		return err
	}
	go func() { _ = box.Serve(d.open["mail"]) }()
	defer func() { err = errors.Join(err, box.Close()) }()
	cfg, err := d.configuration()
	if err != nil {
		return err
	}
	return server.Run(ctx, server.Options{
		Config: cfg, Roles: server.Roles(), Events: d.events("text"), Now: d.now, Version: version(),
		MinFree: 64 << 20, // made-up answers need no reserve
	}, d.ready, d.open, &server.Listener{Role: "site", Listener: d.open["site"], Handler: site.New(d.site())})
}

// configuration is the folder's own, with the names and ports of this run.
func (d *demo) configuration() (*config.Config, error) {
	cfg, err := config.Read(d.path(config.FileName), config.Over{})
	if err != nil {
		return nil, err
	}
	ip, vp := d.port(server.Intake), d.port(server.Viewer)
	cfg.Intake = config.Pages{Address: d.open[server.Intake].Addr().String(), Hosts: []string{"localhost:" + ip, "127.0.0.1:" + ip}}
	cfg.Viewer = config.Pages{Address: d.open[server.Viewer].Addr().String(), Hosts: []string{"staff.localhost:" + vp, "localhost:" + vp, "127.0.0.1:" + vp}}
	cfg.TLS.Cert, cfg.TLS.Key = d.path("ca", "server.pem"), d.path("ca", "server.key")
	cfg.Mail.From = "forms@riverside.example"
	cfg.Mail.Relay = "localhost:" + d.port("mail")
	cfg.Mail.CA = d.ca.File
	return cfg, nil
}

func (d *demo) mailDir() string { return filepath.Join(d.dir, "mail") }

// site is the clinic's own site, which embeds the public pages and shows the mail that was delivered.
func (d *demo) site() site.Config {
	return site.Config{
		Clinic: demoName, IntakeURL: d.url("localhost", server.Intake), ViewerURL: d.url("staff.localhost", server.Viewer), MailDir: d.mailDir(),
		PrivateKeyPath: d.path("export", "key.private.asc"), SignerPath: d.path("export", "signer.pub.asc"), Zone: time.Local,
	}
}

func (d *demo) path(parts ...string) string {
	return filepath.Join(append([]string{d.dir}, parts...)...)
}

func (d *demo) port(name string) string {
	_, p, _ := net.SplitHostPort(d.open[name].Addr().String())
	return p
}

func (d *demo) url(host, name string) string {
	return "https://" + net.JoinHostPort(host, d.port(name))
}

// ready tells people, or a script, where everything is.
func (d *demo) ready(*server.Server) error {
	if d.json {
		return json.NewEncoder(d.out).Encode(d.line())
	}
	code, err := totp.GenerateCode(d.account.TOTPSecret, d.now())
	if err != nil {
		return fmt.Errorf("making the current code: %w", err)
	}
	site := d.url("localhost", "site")
	return d.say(demoReady, site, d.url("staff.localhost", server.Viewer), d.account.Email, d.account.Password,
		d.account.TOTPSecret, code, 30-d.now().Unix()%30, d.account.KeyPassword, site+"/mail", d.ca.File, d.ca.Fingerprint())
}

// demoReady is the text on the screen once all pages answer: addresses, passwords, the current code.
const demoReady = `
Sealform's demo is ready. Everything stays on this machine.

  The clinic's site    %s
                       follow "New patient form" and send one, as a patient would
  The staff's pages    %s
    e-mail             %s
    account password   %s
    TOTP secret        %s
    code right now     %s (for %d more seconds)
    key password       %s
  The mail delivered   %s

  Your browser does not know the demo's certificate authority yet: accept its warning, or trust this file, which can
  vouch for nothing but this machine: %s
  SHA-256 %s

Press Ctrl-C to stop.
`

// demoLine is the line of JSON that --json prints; scripts depend on its shape.
type demoLine struct {
	Intake  string      `json:"intake"`
	Viewer  string      `json:"viewer"`
	Site    string      `json:"site"`
	CA      string      `json:"ca"`
	Dir     string      `json:"dir"`
	Account demoLogin   `json:"account"`
	Key     demoLineKey `json:"key"`
	Mail    string      `json:"mail"`
}

type demoLineKey struct {
	Fingerprint string `json:"fingerprint"`
	Password    string `json:"password"`
	Public      string `json:"public"`
	Private     string `json:"private"`
	Signer      string `json:"signer"`
}

func (d *demo) line() demoLine {
	s := d.site()
	return demoLine{
		Intake: s.IntakeURL, Viewer: d.url("localhost", server.Viewer), Site: d.url("localhost", "site"),
		CA: d.ca.File, Dir: d.dir, Mail: d.mailDir(),
		Account: d.account.demoLogin,
		Key:     demoLineKey{d.account.Fingerprint, d.account.KeyPassword, d.path("export", "key.pub.asc"), s.PrivateKeyPath, s.SignerPath},
	}
}
