// Package outward is the one way in which this service calls addresses that were configured or looked up, not its own
// relay: webhooks and key directories.
//
// HTTPS only. A name is resolved first and each address is looked at when it is dialled, so that a name cannot change
// its mind between (rebinding): loopback, private, link-local, CGNAT, multicast, unspecified, documentation ranges and
// their IPv4-mapped, NAT64 and 6to4 forms are refused. No redirect is followed, no proxy used, no cookie kept. An
// answer has 10 s and 64 KiB. Errors are a code: what a server answers, and where a name pointed, is told to nobody.
package outward

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Config is the limits of a Client. The zero value of each field is the strict default.
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
func New(c Config) *Client {
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.Most = cmp.Or(c.Most, 64<<10)
	return &Client{c}
}

// Code names why a call failed, in small letters, digits and "_": "not_https" (no plain https address), "inside",
// "unknown_host", "refused", "timeout", "stopped", "bad_certificate", "redirect", "too_long", "answered_404", "protocol".
type Code string

// Error is the only error of Get and Post: a code.
type Error struct {
	Code    Code
	missing bool
}

func (e *Error) Error() string { return "calling: " + string(e.Code) }

// NoSuchHost says, of code "unknown_host", that the name does not exist: name servers answered, and said so.
func (e *Error) NoSuchHost() bool { return e.missing }

// answeredWith stands before the status in the code of an answer that is not what was wanted.
const answeredWith Code = "answered_"

// answered is the error of such a status. What else the server said is dropped.
func answered(status int) error {
	if status >= 300 && status <= 399 {
		return &Error{Code: "redirect"}
	}
	return &Error{Code: answeredWith + Code(fmt.Sprintf("%03d", status))}
}

// failure gives the code of what went wrong below HTTP.
func failure(ctx context.Context, err error) error {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var dial *net.OpError
	var timeout net.Error
	switch {
	case errors.Is(err, errInside):
		return &Error{Code: "inside"}
	case errors.Is(ctx.Err(), context.Canceled):
		return &Error{Code: "stopped"}
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return &Error{Code: "timeout"}
	case errors.As(err, &name):
		return &Error{Code: "unknown_host", missing: name.IsNotFound}
	case errors.As(err, &certificate):
		return &Error{Code: "bad_certificate"}
	case errors.As(err, &dial) && dial.Op == "dial":
		return &Error{Code: "refused"}
	}
	return &Error{Code: "protocol"}
}
