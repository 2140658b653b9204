package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sealform/internal/event"
	"sealform/keys"
)

// config is everything that an operator can set. A zero field means that it was not set; defaults are in settings.
type config struct {
	dir     string // folder of the file: relative paths are from here
	Name    string
	Service string
	Accent  string
	Zone    *time.Location
	Data    string
	Secrets string
	Forms   string
	Log     string // "text" or "json"
	Intake  pages
	Viewer  pages
	TLS     tlsConfig
	Mail    mailConfig
	Notices notices
	Alarms  []string            // addresses
	Outward []netip.Prefix      // inside addresses that webhooks and key directories may have
	Groups  map[string][]string // paths of key files

	Recipients map[string]recipientConfig // by address
	Webhooks   map[string]webhookConfig   // by name

	anyOwner bool  // open the database of another secrets folder too
	minFree  int64 // bytes that must stay free on the disk; 0: the store's own rule. The demo asks for less
}

// pages are one program's listener and names.
type pages struct {
	Address string
	Hosts   []string // with the port, where a browser shows one
}

type tlsConfig struct {
	Mode      string // "files", "auto", "proxy"
	Cert, Key string
	Email     string
	Plain     string // address of the listener that redirects to https; "" for none
	Proxies   []netip.Prefix
	Directory string // of the certificate authority; "" for Let's Encrypt
	CA        string // file of further authorities to trust for that directory's own TLS
}

type mailConfig struct {
	From, Relay, Security, Hello string
	Username                     string
	Password                     keys.Password
	CA                           string     // file of further authorities to trust for the relay
	Pins                         [][32]byte // of public keys that the relay's certificate may have
	Bounces                      string     // envelope sender; "" for From
	Keep                         time.Duration
	InDoubt                      int    // messages that a kill can repeat at most
	SMIMEKey                     string // file of key and certificate that sign S/MIME; "" for the one in secrets
	DKIM                         dkimConfig
}

type dkimConfig struct{ Domain, Selector, Key string } // Key: path

// notices are the operator's own words for mails that are not sealed.
type notices struct{ Subject, Text string }

// check tells what can't be served together; each setting alone was checked when it was set.
func (c *config) check() []error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Service == "" {
		fault("service is not set: `sealform init` draws one; it must stay the same for good")
	}
	if len(c.Intake.Hosts) == 0 || len(c.Viewer.Hosts) == 0 {
		fault("intake.hosts and viewer.hosts must each name a host")
	}
	for _, h := range bareHosts(c.Intake.Hosts) {
		if slices.Contains(bareHosts(c.Viewer.Hosts), h) {
			fault("intake.hosts and viewer.hosts both name %s: cookies ignore ports, so the staff pages need a name of their own", h)
		}
	}
	if len(c.Alarms) > 0 && c.Mail.Relay == "" {
		fault("alarms.to is set, but mail.relay is not: alarms go by mail")
	}
	faults = append(faults, c.TLS.check()...)
	return append(faults, c.Mail.check()...)
}

func (t *tlsConfig) check() []error {
	var faults []error
	fault := func(text string) { faults = append(faults, errors.New(text)) }
	if t.Mode == "files" && (t.Cert == "" || t.Key == "") {
		fault("tls.mode is files: set tls.cert and tls.key")
	}
	if t.Mode == "proxy" && len(t.Proxies) == 0 {
		fault("tls.mode is proxy: set tls.proxies to the addresses that the proxy comes from")
	}
	if t.Mode != "proxy" && len(t.Proxies) > 0 {
		fault("tls.proxies is set, but tls.mode is not proxy")
	}
	if t.Mode != "auto" && (t.Directory != "" || t.CA != "") {
		fault("tls.acme_directory or tls.acme_ca is set, but tls.mode is not auto")
	}
	return faults
}

// check leaves the relay's password out: only a process that delivers needs it.
func (m *mailConfig) check() []error {
	var faults []error
	fault := func(text string) { faults = append(faults, errors.New(text)) }
	if m.Relay == "" && (m.From != "" || m.Username != "" || m.Bounces != "") {
		fault("mail is set, but mail.relay is not: name it as host:port")
	}
	if m.Relay != "" && m.From == "" {
		fault("mail.relay is set, but mail.from is not: name the sender's address")
	}
	d := m.DKIM
	if (d.Selector == "") != (d.Key == "") || d.Domain != "" && d.Key == "" {
		fault("mail.dkim_selector and mail.dkim_key belong together: the key signs, the selector says where its public half is")
	}
	if d.Domain != "" && m.From != "" && !aligned(strings.ToLower(d.Domain), strings.ToLower(domainOf(m.From))) {
		fault("mail.dkim_domain is not the domain of mail.from, nor above or below it: receivers would not count such a signature (DMARC)")
	}
	return faults
}

// aligned says whether a signature of domain d counts for mail from a domain: they are one, or one is below the other and
// that is no top-level domain (RFC 7489 §3.1.1).
func aligned(d, from string) bool {
	below := func(a, b string) bool { return strings.HasSuffix(a, "."+b) && strings.Contains(b, ".") }
	return d == from || below(d, from) || below(from, d)
}

// signsIn says what is missing to sign in at the relay.
func (m *mailConfig) signsIn() error {
	if m.Relay != "" && m.Username != "" && len(m.Password.Reveal()) == 0 {
		return errors.New("mail.username is set: give its password in SEALFORM_MAIL_PASSWORD_FILE or SEALFORM_MAIL_PASSWORD")
	}
	return nil
}

func bareHosts(hosts []string) []string {
	var bare []string
	for _, h := range hosts {
		name, _, _ := strings.Cut(h, ":")
		bare = append(bare, strings.ToLower(name))
	}
	return bare
}

// path makes a configured path whole.
func (c *config) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

// events writes lines to standard error, as text for people or as JSON for collectors.
func (p *program) events(format string) *event.Log {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if format == "json" {
		return event.New(slog.NewJSONHandler(p.err, o))
	}
	return event.New(slog.NewTextHandler(p.err, o))
}

// lookup finds a variable of the program's environment.
func (p *program) lookup(name string) (string, bool) {
	for _, kv := range p.env {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			return v, true
		}
	}
	return "", false
}

func readSource(path string) ([]byte, error) {
	b, err := os.ReadFile(path) // #nosec G304 -- the operator's configuration
	if err != nil {
		return nil, try(fmt.Errorf("reading the configuration: %w", err), "`sealform init` makes one; --config names another")
	}
	return b, nil
}
