// Package address says which mail addresses this service writes to, in one place for all that do.
//
// They are a strict part of RFC 5321 §4.1.2: a dot-string of letters, digits and the signs that people's addresses have,
// and a domain name of at least two labels. Refused are quoted local parts and address literals, which can carry what a mail
// command reads as more than an address; "%", "!", "|" and the like, by which old relays send mail on to elsewhere; and
// everything that is not ASCII, since relays that take it are few.
package address

import (
	"errors"
	"regexp"
	"strings"
)

// ErrNotPlain refuses what is not plainly local@domain.
var ErrNotPlain = errors.New("not a plain mail address")

// Longest is the most bytes of an address; 64 of them may stand before the "@" (RFC 5321 §4.5.3.1).
const (
	Longest      = 254
	longestLocal = 64
)

var (
	local = regexp.MustCompile(`\A[A-Za-z0-9_+=~'&#-]+(\.[A-Za-z0-9_+=~'&#-]+)*\z`)
	label = `[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	last  = `[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?` // a number here would be read as an IP address
	host  = regexp.MustCompile(`\A(` + label + `\.)+` + last + `\z`)
)

// Check is nil for an address that mail may go to.
func Check(s string) error {
	_, _, err := Split(s)
	return err
}

// Split gives the two parts of an address that Check takes.
func Split(s string) (before, domain string, err error) {
	before, domain, _ = strings.Cut(s, "@")
	if len(s) > Longest || len(before) > longestLocal || !local.MatchString(before) || !host.MatchString(domain) {
		return "", "", ErrNotPlain
	}
	return before, domain, nil
}
