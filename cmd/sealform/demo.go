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
			d := &demo{program: p, dir: dir, json: c.Bool("json")}
			return d.run(ctx, c.String("intake-addr"), c.String("viewer-addr"), c.String("site-addr"))
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
}

// run makes or finds the folder and opens every listener before the service: the ports go into its configuration.
func (d *demo) run(ctx context.Context, intakeAddr, viewerAddr, siteAddr string) (err error) {
	if err := d.openFolder(ctx); err != nil {
		return err
	}
	if d.ca, err = ca.Open(filepath.Join(d.dir, "ca"), d.now()); err != nil {
		return err
	}
	listeners := make([]net.Listener, 0, 4)
	for _, a := range [][2]string{{server.Intake, intakeAddr}, {server.Viewer, viewerAddr}, {"site", siteAddr}, {"mail", "localhost:0"}} {
		ln, err := server.Listen(ctx, a[0], a[1])
		if err != nil {
			return err
		}
		defer func() { _ = ln.Close() }() // the servers close theirs; this is for an early end
		listeners = append(listeners, ln)
	}
	box, err := postbox.New(postbox.Config{Dir: d.mailDir(), Certificate: d.ca.Server})
	if err != nil {
		return err
	}
	go func() { _ = box.Serve(listeners[3]) }()
	defer func() { err = errors.Join(err, box.Close()) }()
	return d.serve(ctx, listeners[0], listeners[1], listeners[2], listeners[3].Addr())
}

// serve runs the service of the demo's folder, with the listeners' names put over its configuration.
func (d *demo) serve(ctx context.Context, intakeLn, viewerLn, siteLn net.Listener, relay net.Addr) (err error) {
	cfg, err := d.configuration(intakeLn, viewerLn, relay)
	if err != nil {
		return err
	}
	s, err := server.Open(ctx, server.Options{
		Config: cfg, Roles: server.Roles(), Events: d.events("text"), Now: d.now, Version: version(),
		MinFree: 64 << 20, // made-up answers need no reserve
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Run(ctx, func() error { return d.ready(intakeLn, viewerLn, siteLn) },
		map[string]net.Listener{server.Intake: intakeLn, server.Viewer: viewerLn},
		&server.Listener{Role: "site", Listener: siteLn, Handler: site.New(d.site(intakeLn, viewerLn))})
}

// configuration is the folder's own, with the names and ports of this run.
func (d *demo) configuration(intakeLn, viewerLn net.Listener, relay net.Addr) (*config.Config, error) {
	cfg, err := config.Read(d.path(config.FileName), config.Over{})
	if err != nil {
		return nil, err
	}
	ip, vp := port(intakeLn.Addr()), port(viewerLn.Addr())
	cfg.Intake = config.Pages{Address: intakeLn.Addr().String(), Hosts: []string{"localhost:" + ip, "127.0.0.1:" + ip}}
	cfg.Viewer = config.Pages{Address: viewerLn.Addr().String(), Hosts: []string{"staff.localhost:" + vp, "localhost:" + vp, "127.0.0.1:" + vp}}
	cfg.TLS.Cert, cfg.TLS.Key = d.path("ca", "server.pem"), d.path("ca", "server.key")
	cfg.Mail.From = "forms@riverside.example"
	cfg.Mail.Relay = "localhost:" + port(relay)
	cfg.Mail.CA = d.ca.File
	return cfg, nil
}

func (d *demo) mailDir() string { return filepath.Join(d.dir, "mail") }

// site is the clinic's own site, which embeds the public pages and shows the mail that was delivered.
func (d *demo) site(intakeLn, viewerLn net.Listener) site.Config {
	return site.Config{
		Clinic: demoName, IntakeURL: local("localhost", intakeLn.Addr()), ViewerURL: local("staff.localhost", viewerLn.Addr()), MailDir: d.mailDir(),
		PrivateKeyPath: d.path("export", "key.private.asc"), SignerPath: d.path("export", "signer.pub.asc"), Zone: time.Local,
	}
}

func (d *demo) path(parts ...string) string {
	return filepath.Join(append([]string{d.dir}, parts...)...)
}

func port(a net.Addr) string {
	_, p, _ := net.SplitHostPort(a.String())
	return p
}

func local(host string, a net.Addr) string { return "https://" + net.JoinHostPort(host, port(a)) }

// ready tells people, or a script, where everything is.
func (d *demo) ready(intakeLn, viewerLn, siteLn net.Listener) error {
	if d.json {
		return json.NewEncoder(d.out).Encode(d.line(intakeLn, viewerLn, siteLn))
	}
	code, err := totp.GenerateCode(d.account.TOTPSecret, d.now())
	if err != nil {
		return fmt.Errorf("making the current code: %w", err)
	}
	site := local("localhost", siteLn.Addr())
	return d.say(demoReady, site, local("staff.localhost", viewerLn.Addr()), d.account.Email, d.account.Password,
		d.account.TOTPSecret, code, 30-d.now().Unix()%30, d.account.KeyPassword, site+"/mail", d.ca.File, d.ca.Fingerprint())
}

// demoReady is what is said once all pages answer.
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

// demoLine is what --json prints; scripts depend on its shape.
type demoLine struct {
	Intake  string          `json:"intake"`
	Viewer  string          `json:"viewer"`
	Site    string          `json:"site"`
	CA      string          `json:"ca"`
	Dir     string          `json:"dir"`
	Account demoLineAccount `json:"account"`
	Key     demoLineKey     `json:"key"`
	Mail    string          `json:"mail"`
}

type demoLineAccount struct {
	Email      string `json:"email"`
	Password   string `json:"password"`
	TOTPSecret string `json:"totp_secret"`
}

type demoLineKey struct {
	Fingerprint string `json:"fingerprint"`
	Password    string `json:"password"`
	Public      string `json:"public"`
	Private     string `json:"private"`
	Signer      string `json:"signer"`
}

func (d *demo) line(intakeLn, viewerLn, siteLn net.Listener) demoLine {
	s := d.site(intakeLn, viewerLn)
	return demoLine{
		Intake: s.IntakeURL, Viewer: local("localhost", viewerLn.Addr()), Site: local("localhost", siteLn.Addr()),
		CA: d.ca.File, Dir: d.dir, Mail: d.mailDir(),
		Account: demoLineAccount{d.account.Email, d.account.Password, d.account.TOTPSecret},
		Key:     demoLineKey{d.account.Fingerprint, d.account.KeyPassword, d.path("export", "key.pub.asc"), s.PrivateKeyPath, s.SignerPath},
	}
}
