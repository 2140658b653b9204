package outward

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

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

func isAddress(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Zone() == ""
}
