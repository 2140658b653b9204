package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strconv"

	"github.com/urfave/cli/v3"

	"sealform/internal/mail/check"
	"sealform/internal/server"
)

// mailCheckCommand is `sealform mail check`.
func (p *program) mailCheckCommand() *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "tell whether mail to a domain can be forced to travel under TLS", ArgsUsage: "ADDRESS|DOMAIN",
		Description: "Asks DNS and each MX host, up to the TLS handshake; sends no mail. Certificates are held against the system's\n" +
			"roots (SSL_CERT_FILE names others) and those of --ca. Run it where port 25 to the outside is open.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print JSON, for scripts"},
			&cli.StringFlag{Name: "resolver", Usage: "ask this name server, `HOST:PORT`, everything (default: those of /etc/resolv.conf)"},
			&cli.IntFlag{Name: "port", Value: 25, Usage: "where the MX hosts speak SMTP"},
			&cli.IntFlag{Name: "https-port", Value: 443, Usage: "where the MTA-STS policy is served"},
			&cli.StringFlag{Name: "ca", Usage: "believe the authorities in this PEM `FILE` too"},
			&cli.StringFlag{Name: "hello", Value: "localhost", Usage: "the `NAME` to greet with"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			cfg, err := p.checkConfig(c)
			if err != nil {
				return err
			}
			report, err := check.Check(ctx, c.Args().First(), cfg)
			switch {
			case errors.Is(err, check.ErrNotADomain):
				return usagef(c, "mail check takes a domain such as riverside.example, or an address at one")
			case err != nil:
				return err
			}
			return p.answer(c, report, checkText(&report))
		},
	}
}

// greeting is the pattern of the name behind EHLO: a host name, or an address in brackets.
var greeting = regexp.MustCompile(`^[A-Za-z0-9._:\[\]-]{1,253}$`)

// checkConfig reads the flags of mail check.
func (p *program) checkConfig(c *cli.Command) (check.Config, error) {
	cfg := check.Config{Port: c.Int("port"), HTTPSPort: c.Int("https-port"), Hello: c.String("hello"), Now: p.now}
	for name, port := range map[string]int{"port": cfg.Port, "https-port": cfg.HTTPSPort} {
		if port < 1 || port > 65535 {
			return cfg, usagef(c, "--%s takes a number from 1 to 65535", name)
		}
	}
	if !greeting.MatchString(cfg.Hello) {
		return cfg, usagef(c, "--hello takes a host name")
	}
	if c.IsSet("resolver") {
		at, ok := resolverAddress(c.String("resolver"))
		if !ok {
			return cfg, usagef(c, "--resolver takes HOST:PORT, such as 127.0.0.1:53")
		}
		cfg.Resolvers = []string{at}
	}
	var err error
	if path := c.String("ca"); path != "" {
		cfg.Roots, err = server.FurtherAuthorities("--ca", path)
	}
	return cfg, err
}

// resolverAddress adds port 53 where no port is named.
func resolverAddress(s string) (string, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 53).String(), true
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, "53"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	_, isAddress := netip.ParseAddr(host)
	if err != nil || n == 0 || isAddress != nil && !greeting.MatchString(host) {
		return "", false
	}
	return net.JoinHostPort(host, port), true
}
