package config

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
)

// Setting is one row of the table that gives the file's key, the flag, the variable, the preset and the check.
type Setting struct {
	Name   string // "intake.address": flag --intake-address, variable SEALFORM_INTAKE_ADDRESS
	Usage  string
	Preset string
	List   bool
	Secret bool // from a variable or a …_FILE only: flags show in process lists, files get copied
	set    func(c *Config, values []string) error
}

// Flag is the name of the setting's flag, without the dashes before it.
func (s Setting) Flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(s.Name) }

// Variable is the name of the setting's variable; a secret has one more, with _FILE behind it.
func (s Setting) Variable() string {
	return "SEALFORM_" + strings.ToUpper(strings.ReplaceAll(s.Name, ".", "_"))
}

// Settings in the order that help shows them.
var Settings = []Setting{
	{Name: "name", Usage: "the organisation's name", Preset: "Our clinic", set: one(func(c *Config) *string { return &c.Name }, CheckLine)},
	{Name: "service", Usage: "this service's own id; never change it", set: one(func(c *Config) *string { return &c.Service }, serviceID)},
	{Name: "accent", Usage: "the brand's colour, such as #0b6e69", set: one(func(c *Config) *string { return &c.Accent }, colour)},
	{Name: "zone", Usage: "time zone of the staff pages", Preset: "UTC", set: zone},
	{Name: "data", Usage: "folder of the database", Preset: "data", set: path(func(c *Config) *string { return &c.Data })},
	{Name: "secrets", Usage: "folder of the service's secrets", Preset: "secrets", set: path(func(c *Config) *string { return &c.Secrets })},
	{Name: "forms", Usage: "folder of form files", Preset: "forms", set: path(func(c *Config) *string { return &c.Forms })},
	{Name: "log", Usage: "text or json", Preset: "text", set: one(func(c *Config) *string { return &c.Log }, oneOf("text", "json"))},
	{Name: "intake.address", Usage: "where the public pages listen", Preset: ":443", set: one(func(c *Config) *string { return &c.Intake.Address }, address)},
	{Name: "intake.hosts", Usage: "host names of the public pages", List: true, set: each(func(c *Config) *[]string { return &c.Intake.Hosts }, hostPort)},
	{Name: "viewer.address", Usage: "where the staff pages listen", Preset: ":8445", set: one(func(c *Config) *string { return &c.Viewer.Address }, address)},
	{Name: "viewer.hosts", Usage: "host names of the staff pages", List: true, set: each(func(c *Config) *[]string { return &c.Viewer.Hosts }, hostPort)},
	{Name: "tls.mode", Usage: "files, auto or proxy", Preset: "files", set: one(func(c *Config) *string { return &c.TLS.Mode }, oneOf("files", "auto", "proxy"))},
	{Name: "tls.cert", Usage: "certificate file", set: path(func(c *Config) *string { return &c.TLS.Cert })},
	{Name: "tls.key", Usage: "key file of the certificate", set: path(func(c *Config) *string { return &c.TLS.Key })},
	{Name: "tls.email", Usage: "e-mail where the certificate authority may write to", set: one(func(c *Config) *string { return &c.TLS.Email }, mailbox)},
	{Name: "tls.acme_directory", Usage: "the certificate authority's directory; Let's Encrypt unless told", set: one(func(c *Config) *string { return &c.TLS.Directory }, secureURL)},
	{Name: "tls.acme_ca", Usage: "file of further authorities to trust for that directory", set: path(func(c *Config) *string { return &c.TLS.CA })},
	{Name: "tls.plain", Usage: "address that redirects to https; the intake role opens it", set: one(func(c *Config) *string { return &c.TLS.Plain }, address)},
	{Name: "tls.proxies", Usage: "addresses whose forwarding headers are believed", List: true, set: prefixes(func(c *Config) *[]netip.Prefix { return &c.TLS.Proxies })},
	{Name: "mail.from", Usage: "sender of the mail", set: one(func(c *Config) *string { return &c.Mail.From }, mailbox)},
	{Name: "mail.relay", Usage: "host:port of the relay", set: one(func(c *Config) *string { return &c.Mail.Relay }, relay)},
	{Name: "mail.security", Usage: "starttls or tls", Preset: "starttls", set: one(func(c *Config) *string { return &c.Mail.Security }, oneOf("starttls", "tls"))},
	{Name: "mail.hello", Usage: "the name that this service gives itself", Preset: "localhost", set: one(func(c *Config) *string { return &c.Mail.Hello }, hostName)},
	{Name: "mail.ca", Usage: "file of further authorities to trust for the relay", set: path(func(c *Config) *string { return &c.Mail.CA })},
	{Name: "mail.username", Usage: "account at the relay", set: one(func(c *Config) *string { return &c.Mail.Username }, CheckLine)},
	{Name: "mail.pins", Usage: "SHA-256, in hex, of public keys that the relay may have", List: true, set: pins},
	{Name: "mail.bounces", Usage: "where bounces go; the sender unless told", set: one(func(c *Config) *string { return &c.Mail.Bounces }, mailbox)},
	{Name: "mail.in_doubt", Usage: "how many messages may go out twice when the process is killed; more than 1 helps with a slow relay", Preset: "1", set: inDoubt},
	{Name: "mail.keep", Usage: "how long sealed mail can be sent again", Preset: "30d", set: keepFor},
	{Name: "mail.smime_key", Usage: "file of the key and certificate that sign S/MIME; our own unless told", set: path(func(c *Config) *string { return &c.Mail.SMIMEKey })},
	{Name: "mail.dkim_domain", Usage: "domain of DKIM signatures; the sender's unless told", set: one(func(c *Config) *string { return &c.Mail.DKIM.Domain }, hostName)},
	{Name: "mail.dkim_selector", Usage: "selector of DKIM signatures", set: one(func(c *Config) *string { return &c.Mail.DKIM.Selector }, hostName)},
	{Name: "mail.dkim_key", Usage: "file of the key of DKIM signatures", set: path(func(c *Config) *string { return &c.Mail.DKIM.Key })},
	{Name: "notices.subject", Usage: "subject of notices", set: one(func(c *Config) *string { return &c.Notices.Subject }, noticeSubject)},
	{Name: "notices.text", Usage: "text of notices", set: one(func(c *Config) *string { return &c.Notices.Text }, noticeText)},
	{Name: "alarms.to", Usage: "addresses that are told when something needs an operator", List: true, set: each(func(c *Config) *[]string { return &c.Alarms }, mailbox)},
	{Name: "outward.allow", Usage: "inside addresses that webhooks and key directories may have", List: true, set: prefixes(func(c *Config) *[]netip.Prefix { return &c.Outward })},
	{Name: "mail.password", Usage: "its password", Secret: true, set: password},
}

type check func(string) error

func one(field func(*Config) *string, ok check) func(*Config, []string) error {
	return func(c *Config, v []string) error {
		*field(c) = v[0] // a bad one too: what is checked later must not take it for missing
		return ok(v[0])
	}
}

func path(field func(*Config) *string) func(*Config, []string) error {
	return func(c *Config, v []string) error {
		if v[0] == "" {
			return errors.New("is empty; name a file or folder")
		}
		*field(c) = c.path(v[0])
		return nil
	}
}

// CheckLine wants 1 to 200 bytes on one line: a name that people read.
func CheckLine(s string) error {
	if s == "" || len(s) > 200 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		return errors.New("needs 1 to 200 characters on one line")
	}
	return nil
}

func oneOf(all ...string) check {
	return func(s string) error {
		if !slices.Contains(all, s) {
			return fmt.Errorf("must be one of: %s", strings.Join(all, ", "))
		}
		return nil
	}
}

func matches(re, what string) check {
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

// CheckHostName wants a host name without a port.
func CheckHostName(s string) error { return hostName(s) }

// withPort is matches, where a port at the end must be one that exists.
func withPort(re, what string) check {
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

// each is one for a list.
func each(field func(*Config) *[]string, ok check) func(*Config, []string) error {
	return func(c *Config, v []string) error {
		*field(c) = v
		for _, s := range v {
			if err := ok(s); err != nil {
				return fmt.Errorf("%q %w", s, err)
			}
		}
		return nil
	}
}

func zone(c *Config, v []string) error {
	z, err := time.LoadLocation(v[0])
	if err != nil || v[0] == "" {
		return errors.New("is not a time zone; write one such as Europe/Berlin")
	}
	c.Zone = z
	return nil
}

func prefixes(field func(*Config) *[]netip.Prefix) func(*Config, []string) error {
	return func(c *Config, v []string) error {
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

func keepFor(c *Config, v []string) (err error) {
	var ok bool
	if c.Mail.Keep, ok = yamltree.ParseDuration(v[0]); !ok {
		return errors.New("must be a time such as 30d")
	}
	return nil
}

func inDoubt(c *Config, v []string) (err error) {
	if c.Mail.InDoubt, err = strconv.Atoi(v[0]); err != nil || c.Mail.InDoubt < 1 || c.Mail.InDoubt > 16 {
		return errors.New("must be a number from 1 to 16")
	}
	return nil
}

// password keeps the secret in a function, which printing does not look into; an empty one counts as not given.
func password(c *Config, v []string) error {
	c.Mail.RevealPassword = nil
	if v[0] != "" {
		c.Mail.RevealPassword = func() []byte { return []byte(v[0]) }
	}
	return nil
}

func pins(c *Config, v []string) error {
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
