package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // staff see the clinic's time in a container without zone files too

	mailaddress "sealform/internal/address"
	"sealform/internal/notice"
	"sealform/internal/yamltree"
	"sealform/keys"
)

// setting is one row of the table that gives the file's key, the flag, the variable, the default and the check.
type setting struct {
	name   string // "intake.address": flag --intake-address, variable SEALFORM_INTAKE_ADDRESS
	usage  string
	preset string
	list   bool
	secret bool // from a variable or a …_FILE only: flags show in process lists, files get copied
	set    func(c *config, values []string) error
}

func (s setting) flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(s.name) }
func (s setting) variable() string {
	return "SEALFORM_" + strings.ToUpper(strings.ReplaceAll(s.name, ".", "_"))
}

// settings in the order that help shows them.
var settings = []setting{
	{name: "name", usage: "the organisation's name", preset: "Our clinic", set: one(func(c *config) *string { return &c.Name }, short)},
	{name: "service", usage: "this service's own id; never change it", set: one(func(c *config) *string { return &c.Service }, serviceID)},
	{name: "accent", usage: "the brand's colour, such as #0b6e69", set: one(func(c *config) *string { return &c.Accent }, colour)},
	{name: "zone", usage: "time zone of the staff pages", preset: "UTC", set: zone},
	{name: "data", usage: "folder of the database", preset: "data", set: path(func(c *config) *string { return &c.Data })},
	{name: "secrets", usage: "folder of the service's secrets", preset: "secrets", set: path(func(c *config) *string { return &c.Secrets })},
	{name: "forms", usage: "folder of form files", preset: "forms", set: path(func(c *config) *string { return &c.Forms })},
	{name: "log", usage: "text or json", preset: "text", set: one(func(c *config) *string { return &c.Log }, oneOf("text", "json"))},
	{name: "intake.address", usage: "where the public pages listen", preset: ":443", set: one(func(c *config) *string { return &c.Intake.Address }, address)},
	{name: "intake.hosts", usage: "host names of the public pages", list: true, set: hosts(func(c *config) *[]string { return &c.Intake.Hosts })},
	{name: "viewer.address", usage: "where the staff pages listen", preset: ":8445", set: one(func(c *config) *string { return &c.Viewer.Address }, address)},
	{name: "viewer.hosts", usage: "host names of the staff pages", list: true, set: hosts(func(c *config) *[]string { return &c.Viewer.Hosts })},
	{name: "tls.mode", usage: "files, auto or proxy", preset: "files", set: one(func(c *config) *string { return &c.TLS.Mode }, oneOf("files", "auto", "proxy"))},
	{name: "tls.cert", usage: "certificate file", set: path(func(c *config) *string { return &c.TLS.Cert })},
	{name: "tls.key", usage: "key file of the certificate", set: path(func(c *config) *string { return &c.TLS.Key })},
	{name: "tls.email", usage: "e-mail where the certificate authority may write to", set: one(func(c *config) *string { return &c.TLS.Email }, mailbox)},
	{name: "tls.acme_directory", usage: "the certificate authority's directory; Let's Encrypt unless told", set: one(func(c *config) *string { return &c.TLS.Directory }, secureURL)},
	{name: "tls.acme_ca", usage: "file of further authorities to trust for that directory", set: path(func(c *config) *string { return &c.TLS.CA })},
	{name: "tls.plain", usage: "address that redirects to https; the intake role opens it", set: one(func(c *config) *string { return &c.TLS.Plain }, address)},
	{name: "tls.proxies", usage: "addresses whose forwarding headers are believed", list: true, set: prefixes(func(c *config) *[]netip.Prefix { return &c.TLS.Proxies })},
	{name: "mail.from", usage: "sender of the mail", set: one(func(c *config) *string { return &c.Mail.From }, mailbox)},
	{name: "mail.relay", usage: "host:port of the relay", set: one(func(c *config) *string { return &c.Mail.Relay }, relay)},
	{name: "mail.security", usage: "starttls or tls", preset: "starttls", set: one(func(c *config) *string { return &c.Mail.Security }, oneOf("starttls", "tls"))},
	{name: "mail.hello", usage: "the name that this service gives itself", preset: "localhost", set: one(func(c *config) *string { return &c.Mail.Hello }, hostName)},
	{name: "mail.ca", usage: "file of further authorities to trust for the relay", set: path(func(c *config) *string { return &c.Mail.CA })},
	{name: "mail.username", usage: "account at the relay", set: one(func(c *config) *string { return &c.Mail.Username }, short)},
	{name: "mail.pins", usage: "SHA-256, in hex, of public keys that the relay may have", list: true, set: pins},
	{name: "mail.bounces", usage: "where bounces go; the sender unless told", set: one(func(c *config) *string { return &c.Mail.Bounces }, mailbox)},
	{name: "mail.in_doubt", usage: "how many messages may go out twice when the process is killed; more than 1 helps with a slow relay", preset: "1", set: inDoubt},
	{name: "mail.keep", usage: "how long sealed mail can be sent again", preset: "30d", set: keepFor},
	{name: "mail.smime_key", usage: "file of the key and certificate that sign S/MIME; our own unless told", set: path(func(c *config) *string { return &c.Mail.SMIMEKey })},
	{name: "mail.dkim_domain", usage: "domain of DKIM signatures; the sender's unless told", set: one(func(c *config) *string { return &c.Mail.DKIM.Domain }, hostName)},
	{name: "mail.dkim_selector", usage: "selector of DKIM signatures", set: one(func(c *config) *string { return &c.Mail.DKIM.Selector }, hostName)},
	{name: "mail.dkim_key", usage: "file of the key of DKIM signatures", set: path(func(c *config) *string { return &c.Mail.DKIM.Key })},
	{name: "notices.subject", usage: "subject of notices", set: one(func(c *config) *string { return &c.Notices.Subject }, noticeSubject)},
	{name: "notices.text", usage: "text of notices", set: one(func(c *config) *string { return &c.Notices.Text }, noticeText)},
	{name: "alarms.to", usage: "addresses that are told when something needs an operator", list: true, set: mailboxes(func(c *config) *[]string { return &c.Alarms })},
	{name: "outward.allow", usage: "inside addresses that webhooks and key directories may have", list: true, set: prefixes(func(c *config) *[]netip.Prefix { return &c.Outward })},
	{name: "mail.password", usage: "its password", secret: true, set: func(c *config, v []string) error {
		c.Mail.Password = keys.NewPassword([]byte(v[0]))
		return nil
	}},
}

type valueCheck func(string) error

func one(field func(*config) *string, ok valueCheck) func(*config, []string) error {
	return func(c *config, v []string) error {
		*field(c) = v[0] // a bad one too: what is checked later must not take it for missing
		return ok(v[0])
	}
}

func path(field func(*config) *string) func(*config, []string) error {
	return func(c *config, v []string) error {
		if v[0] == "" {
			return errors.New("is empty; name a file or folder")
		}
		*field(c) = c.path(v[0])
		return nil
	}
}

func short(s string) error {
	if s == "" || len(s) > 200 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		return errors.New("needs 1 to 200 characters on one line")
	}
	return nil
}

func oneOf(all ...string) valueCheck {
	return func(s string) error {
		if !slices.Contains(all, s) {
			return fmt.Errorf("must be one of: %s", strings.Join(all, ", "))
		}
		return nil
	}
}

func matches(re, what string) valueCheck {
	r := regexp.MustCompile(re)
	return func(s string) error {
		if !r.MatchString(s) {
			return fmt.Errorf("must be %s", what)
		}
		return nil
	}
}

var (
	serviceID = matches(`^[A-Za-z0-9][A-Za-z0-9.-]{2,63}$`, "3 to 64 letters, digits, dots and dashes")
	colour    = matches(`^#[0-9a-fA-F]{6}$`, `a colour such as "#0b6e69", in quotes`)
	hostName  = matches(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`, "a host name")
	address   = withPort(`^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]*):[0-9]{1,5}$`, `an address such as ":443" or "127.0.0.1:8443"`)
	hostPort  = withPort(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`, "a host name, with a port where browsers show one")
	relay     = withPort(`^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$`, "host:port, such as smtp.example.org:587")
)

// withPort is matches, where a port at the end must be one that exists.
func withPort(re, what string) valueCheck {
	shape := matches(re, what)
	return func(s string) error {
		if err := shape(s); err != nil {
			return err
		}
		if i := strings.LastIndexByte(s, ':'); i >= 0 {
			if n, err := strconv.Atoi(s[i+1:]); err != nil || n > 65535 {
				return errors.New("names a port over 65535")
			}
		}
		return nil
	}
}

// mailbox wants an address that can be mailed to, or from.
func mailbox(s string) error {
	if mailaddress.Check(s) != nil {
		return errors.New("must be an e-mail address alone, such as forms@riverside.example")
	}
	return nil
}

func secureURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("must be an address that begins with https://")
	}
	return nil
}

func hosts(field func(*config) *[]string) func(*config, []string) error {
	return func(c *config, v []string) error {
		*field(c) = v
		for _, h := range v {
			if err := hostPort(h); err != nil {
				return fmt.Errorf("%q %w", h, err)
			}
		}
		return nil
	}
}

func zone(c *config, v []string) error {
	z, err := time.LoadLocation(v[0])
	if err != nil || v[0] == "" {
		return errors.New("is not a time zone; write one such as Europe/Berlin")
	}
	c.Zone = z
	return nil
}

func prefixes(field func(*config) *[]netip.Prefix) func(*config, []string) error {
	return func(c *config, v []string) error {
		*field(c) = nil
		for _, s := range v {
			p, err := netip.ParsePrefix(s)
			if err != nil {
				a, err := netip.ParseAddr(s)
				if err != nil {
					return fmt.Errorf("%q is not an address or a range such as 10.0.0.0/8", s)
				}
				p = netip.PrefixFrom(a, a.BitLen())
			}
			*field(c) = append(*field(c), p.Masked())
		}
		return nil
	}
}

func mailboxes(field func(*config) *[]string) func(*config, []string) error {
	return func(c *config, v []string) error {
		*field(c) = v
		for _, s := range v {
			if err := mailbox(s); err != nil {
				return fmt.Errorf("%q %w", s, err)
			}
		}
		return nil
	}
}

func noticeSubject(s string) error {
	if s == "" {
		return errors.New("is empty")
	}
	return without("the subject of a notice ", notice.Words{Subject: s}.Check())
}

func noticeText(s string) error {
	if s == "" || len(s) > 4000 {
		return errors.New("needs 1 to 4000 characters")
	}
	return without("the text of a notice ", notice.Words{Text: s}.Check())
}

// without takes off an error what the name of the setting says already.
func without(said string, err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimPrefix(err.Error(), said))
}

func keepFor(c *config, v []string) (err error) {
	var ok bool
	if c.Mail.Keep, ok = yamltree.ParseDuration(v[0]); !ok {
		return errors.New("must be a time such as 30d")
	}
	return nil
}

func inDoubt(c *config, v []string) (err error) {
	if c.Mail.InDoubt, err = strconv.Atoi(v[0]); err != nil || c.Mail.InDoubt < 1 || c.Mail.InDoubt > 16 {
		return errors.New("must be a number from 1 to 16")
	}
	return nil
}

func pins(c *config, v []string) error {
	c.Mail.Pins = nil
	for _, s := range v {
		b, err := hex.DecodeString(s)
		if err != nil || len(b) != sha256.Size {
			return errors.New("must each be 64 hex digits, the SHA-256 of a public key: openssl x509 -in cert.pem -noout -pubkey | openssl pkey -pubin -outform der | sha256sum")
		}
		c.Mail.Pins = append(c.Mail.Pins, [32]byte(b))
	}
	return nil
}
