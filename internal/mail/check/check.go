// Package check looks at how a domain takes mail, and tells whether mail to it can be forced to travel under TLS.
//
// It is an operator's tool, started by hand: it asks DNS (MX, addresses, MTA-STS, TLSA, TLS-RPT), fetches the MTA-STS
// policy, and goes to each MX host up to STARTTLS and the handshake. It never sends mail: no MAIL FROM, no sign-in. The
// service itself calls no MX host and must not use this package: there is no guard here against inside addresses,
// since the person at the terminal names the domain, the resolver and the ports.
//
// A certificate is judged as a sender that insists would judge it (RFC 8461 §4.1): by the roots in Config, the time, and
// the MX host's name. DANE is judged by RFC 7672 (usages 2 and 3). That DNS answers are signed is believed from the
// resolver's AD bit; a resolver that is not on this machine can say so without it being true.
//
// Everything is bounded: 10 MX hosts, 4 addresses each, 10 s a step, 64 KiB of what a server says before TLS or as its
// policy. What servers and DNS say is shown as printable text only.
package check

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"sync"
	"time"
)

// The errors that keep a check from being done.
var (
	ErrNotADomain = errors.New("that is neither a domain nor an address at one")
	ErrNoDomain   = errors.New("the domain does not exist")
	ErrNoDNS      = errors.New("no DNS server gave an answer")
)

// Config is the settings of a check. The zero value of each field is for a check of the real world.
type Config struct {
	Resolvers []string       // "host:port", asked in turn; none: those of /etc/resolv.conf
	Port      int            // of SMTP; 0: 25
	HTTPSPort int            // of the MTA-STS policy; 0: 443
	Roots     *x509.CertPool // nil: the system's
	Hello     string         // the name to greet with; "": localhost
	Now       func() time.Time
	Step      time.Duration // for one connection, one reply, one handshake, one policy; 0: 10 s
}

func (c Config) withDefaults() (Config, error) {
	c.Port, c.HTTPSPort = cmp.Or(c.Port, 25), cmp.Or(c.HTTPSPort, 443)
	c.Hello, c.Step = cmp.Or(c.Hello, "localhost"), cmp.Or(c.Step, 10*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if len(c.Resolvers) > 0 {
		return c, nil
	}
	var err error
	c.Resolvers, err = systemResolvers()
	return c, err
}

// check is one run.
type check struct {
	Config
	dns    *resolver
	domain string
}

// Check looks at the domain of an address, or at a domain. Unicode names are converted. What is wrong at a host stands in
// the report; errors are only those above, wrapped, and ctx's. It takes a minute or two at the very most.
func Check(ctx context.Context, addressOrDomain string, c Config) (Report, error) {
	domain, err := domainOf(addressOrDomain)
	if err != nil {
		return Report{}, err
	}
	c, err = c.withDefaults()
	if err != nil {
		return Report{}, err
	}
	k := &check{Config: c, dns: &resolver{servers: c.Resolvers, step: c.Step}, domain: domain}
	hosts, report, err := k.exchangers(ctx)
	if err != nil {
		return Report{}, err
	}
	report.Domain = domain
	var sts policy
	var at sync.WaitGroup
	at.Go(func() { sts = k.policy(ctx) })
	at.Go(func() { report.TLSRPT = k.reporting(ctx) })
	report.MX = make([]Host, len(hosts))
	for i, h := range hosts {
		at.Go(func() { report.MX[i] = k.look(ctx, h) })
	}
	at.Wait()
	report.apply(sts)
	report.conclude()
	return report, ctx.Err()
}

// look does all that concerns one MX host.
func (k *check) look(ctx context.Context, h exchanger) Host {
	host := Host{Name: h.name, Preference: h.preference, Certificate: NoCertificate, DANE: None}
	if !isHostname(h.name) {
		host.Error = "bad-name"
		return host
	}
	records := k.tlsa(ctx, h.name)
	k.visit(ctx, &host, records)
	return host
}
