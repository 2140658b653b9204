// Package outward is the one way in which this service calls addresses that were configured or looked up, not its own
// relay: webhooks and key directories.
//
// HTTPS only. A name is resolved first and each address is looked at when it is dialled, so that a name cannot change
// its mind between (rebinding): loopback, private, link-local, CGNAT, multicast, unspecified, documentation ranges and
// their IPv4-mapped, NAT64 and 6to4 forms are refused. No redirect is followed, no proxy used, no cookie kept. An
// answer has 10 s and 64 KiB. Errors are a code: what a server answers, and where a name pointed, is told to nobody.
package outward

import (
	"crypto/x509"
	"net"
	"net/netip"
	"time"
)

// Config: the zero value of each field is the strict default.
type Config struct {
	Allow    []netip.Prefix // ranges that are let through though they are inside; for clinics' own machines, and tests
	Roots    *x509.CertPool // nil: the system's
	Resolver *net.Resolver  // nil: the system's
	Timeout  time.Duration  // 0: 10 s for everything
	Most     int64          // bytes of an answer; 0: 64 KiB
}

// Client calls. Several goroutines may use it.
type Client struct{ Config }

// New calls nobody.
func New(c Config) *Client { return &Client{c} }

// Code names why a call failed, in small letters, digits and "_": "not_https" (no plain https address), "inside",
// "unknown_host", "refused", "timeout", "stopped", "bad_certificate", "redirect", "too_long", "answered_404", "protocol".
type Code string

// Error is what Get and Post return, always.
type Error struct {
	Code    Code
	missing bool
}

func (e *Error) Error() string { return "calling: " + string(e.Code) }

// NoSuchHost says, of code "unknown_host", that the name does not exist: name servers answered, and said so.
func (e *Error) NoSuchHost() bool { return e.missing }
