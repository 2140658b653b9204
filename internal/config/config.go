// Package config reads sealform.yaml and what goes over it: flags win over SEALFORM_… variables, those over the file, the
// file over the presets of the settings table.
//
// A new setting is one row of the table (settings.go), which gives its key in the file, its flag, its variable, its preset
// and its check, and one field of Config. Sections with names of their own choosing are read in recipients.go and
// webhooks.go. Secrets have a variable, and NAME_FILE with the path of a file, but neither flag nor key in the file.
//
// Read tells every fault at once (Faults), each with file, line and mend, and "did you mean" for a name that is near. What
// is told repeats no secret: a fault shows a place, never the line. Config.Writable looks at whether others may change the
// files that decide who reads what.
//
// The package returns values. It knows no form, key or store: whether a form's groups and addresses are in the
// configuration is for internal/server to ask, and key files are opened by internal/readers.
package config

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sealform/internal/notice"
)

// FileName is the name of a service's configuration file unless told.
const FileName = "sealform.yaml"

// Config is everything that an operator can set. A zero field was not set and has no preset; paths are whole.
type Config struct {
	Dir     string // folder of the file: relative paths are from here
	Name    string
	Service string
	Accent  string
	Zone    *time.Location
	Data    string
	Secrets string
	Forms   string
	Log     string // "text" or "json"
	Intake  Pages
	Viewer  Pages
	TLS     TLS
	Mail    Mail
	Notices notice.Words        // the operator's own words for mails that are not sealed; Clinic is Name
	Alarms  []string            // addresses
	Outward []netip.Prefix      // inside addresses that webhooks and key directories may have
	Groups  map[string][]string // paths of key files

	Recipients map[string]Recipient // by address, in lower case
	Webhooks   map[string]Webhook   // by name
}

// Pages are one program's listener and host names.
type Pages struct {
	Address string
	Hosts   []string // with the port, where a browser shows one
}

// TLS says how the listeners get their certificate.
type TLS struct {
	Mode      string // "files", "auto", "proxy"
	Cert, Key string
	Email     string
	Plain     string // address of the listener that redirects to https; "" for none
	Proxies   []netip.Prefix
	Directory string // of the certificate authority; "" for Let's Encrypt
	CA        string // file of further authorities to trust for that directory's own TLS
}

// Mail is the relay, and how mail is signed.
type Mail struct {
	From, Relay, Security, Hello string
	Username                     string
	RevealPassword               func() []byte // a copy to be wiped; nil: not given. A test lists who calls it, and printing shows nothing
	CA                           string        // file of further authorities to trust for the relay
	Pins                         [][32]byte    // of public keys that the relay's certificate may have
	Bounces                      string        // envelope sender; "" for From
	Keep                         time.Duration
	InDoubt                      int    // messages that a kill can repeat at most
	SMIMEKey                     string // file of key and certificate that sign S/MIME; "" for the one in secrets
	DKIM                         DKIM
}

// DKIM is the domain, the selector and the key file of DKIM signatures.
type DKIM struct{ Domain, Selector, Key string }

// check tells the faults of settings that can't be served together; each setting alone was checked when it was set.
func (c *Config) check() []error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Service == "" {
		fault("service is not set: `sealform init` draws one; it must stay the same for good")
	}
	if len(c.Intake.Hosts) == 0 || len(c.Viewer.Hosts) == 0 {
		fault("intake.hosts and viewer.hosts must each name a host")
	}
	for _, h := range c.Intake.Names() {
		if slices.Contains(c.Viewer.Names(), h) {
			fault("intake.hosts and viewer.hosts both name %s: cookies ignore ports, so the staff pages need a name of their own", h)
		}
	}
	if len(c.Alarms) > 0 && c.Mail.Relay == "" {
		fault("alarms.to is set, but mail.relay is not: alarms go by mail")
	}
	c.TLS.check(fault)
	c.Mail.check(fault)
	return faults
}

func (t *TLS) check(fault func(string, ...any)) {
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
}

// check leaves the relay's password out: only a process that delivers needs it.
func (m *Mail) check(fault func(string, ...any)) {
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
	if d.Domain != "" && m.From != "" && !aligned(strings.ToLower(d.Domain), strings.ToLower(m.Domain())) {
		fault("mail.dkim_domain is not the domain of mail.from, nor above or below it: receivers would not count such a signature (DMARC)")
	}
}

// aligned says whether a signature of domain d counts for mail from a domain: they are one, or one is below the other and
// that is no top-level domain (RFC 7489 §3.1.1).
func aligned(d, from string) bool {
	below := func(a, b string) bool { return strings.HasSuffix(a, "."+b) && strings.Contains(b, ".") }
	return d == from || below(d, from) || below(from, d)
}

// MissingPassword is the fault of a relay account without a password; nil for none.
func (m *Mail) MissingPassword() error {
	if m.Relay != "" && m.Username != "" && m.RevealPassword == nil {
		return errors.New("mail.username is set: give its password in SEALFORM_MAIL_PASSWORD_FILE or SEALFORM_MAIL_PASSWORD")
	}
	return nil
}

// Domain is that of the sender; "" where there is none.
func (m *Mail) Domain() string {
	_, domain, _ := strings.Cut(m.From, "@")
	return domain
}

// WellFormed says whether each setting that a relay is made of was good by itself.
func (m *Mail) WellFormed() bool {
	all := relay(m.Relay) == nil && hostName(m.Hello) == nil && (m.Bounces == "" || mailbox(m.Bounces) == nil)
	for _, name := range []string{m.DKIM.Domain, m.DKIM.Selector} {
		all = all && (name == "" || hostName(name) == nil)
	}
	return all
}

// WellFormed says whether each of the hosts was good by itself.
func (p Pages) WellFormed() bool {
	return !slices.ContainsFunc(p.Hosts, func(h string) bool { return hostPort(h) != nil })
}

// Names are the host names without ports, in lower case.
func (p Pages) Names() []string {
	var names []string
	for _, h := range p.Hosts {
		name, _, _ := strings.Cut(h, ":")
		names = append(names, strings.ToLower(name))
	}
	return names
}

// path makes a configured path whole; "" stays.
func (c *Config) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.Dir, p)
}
