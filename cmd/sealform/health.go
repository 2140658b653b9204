package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/urfave/cli/v3"

	"sealform/internal/config"
	"sealform/internal/hint"
	"sealform/internal/server"
)

// healthCommand is `sealform health`, for the health checks of containers and monitors: exit code 0 or 1.
func (p *program) healthCommand() *cli.Command {
	return &cli.Command{
		Name: "health", Usage: "ask the running service whether it answers; for containers and monitors",
		Flags: append(configFlags(),
			&cli.StringFlag{Name: "role", Value: server.Intake, Usage: "which to ask: intake or viewer"},
			&cli.BoolFlag{Name: "ready", Usage: "ask whether it can take answers, not only whether it lives"}),
		Action: func(ctx context.Context, c *cli.Command) error {
			cfg, err := p.readConfig(c)
			if err != nil {
				return err
			}
			path := "/livez"
			if c.Bool("ready") {
				path = "/readyz"
			}
			at := cfg.Intake
			switch c.String("role") {
			case server.Intake:
			case server.Viewer:
				at, path = cfg.Viewer, "/livez"
			default:
				return usagef(c, "there is no role %q to ask; there are intake and viewer", c.String("role"))
			}
			if err := probe(ctx, at, cfg.TLS.Mode == "proxy", path); err != nil {
				return hint.Add(err, "the service's log, and `sealform serve` in the foreground")
			}
			return p.say("ok\n")
		},
	}
}

// probe asks a listener on this machine. The certificate is not checked: it is for the public name, and this call
// never leaves the machine and carries nothing.
func probe(ctx context.Context, at config.Pages, plain bool, path string) error {
	host, port, err := net.SplitHostPort(at.Address)
	if err != nil {
		return fmt.Errorf("reading the address: %w", err)
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	scheme := "https"
	if plain {
		scheme = "http"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+path, nil)
	if err != nil {
		return fmt.Errorf("asking the service: %w", err)
	}
	req.Host = at.Hosts[0]
	cl := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: at.Names()[0], InsecureSkipVerify: true, // #nosec G402 -- see above
	}}}
	resp, err := cl.Do(req)
	if err != nil {
		return errors.New("the service does not answer on this machine")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the service answers, but not well: status %d", resp.StatusCode)
	}
	return nil
}
