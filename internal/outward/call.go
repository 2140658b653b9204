package outward

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// mostHeader is how many bytes the header of an answer may have.
const mostHeader = 16 << 10

// Get gives the body of a 200 answer.
func (c *Client) Get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	answer, err := c.do(ctx, http.MethodGet, url, nil, nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, answered(answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, c.Most+1))
	if err == nil {
		err = ctx.Err() // our hanging up can look like the answer's end to the other side, which then ends it properly
	}
	if err != nil {
		return nil, failure(ctx, err)
	}
	if int64(len(body)) > c.Most {
		return nil, &Error{Code: "too_long"}
	}
	return body, nil
}

// Post sends body and wants a 2xx answer, whose body it drops.
func (c *Client) Post(ctx context.Context, url string, header http.Header, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	answer, err := c.do(ctx, http.MethodPost, url, header, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return answered(answer.StatusCode)
	}
	return nil
}

// do makes one request on a connection of its own.
func (c *Client) do(ctx context.Context, method, address string, header http.Header, body []byte) (*http.Response, error) {
	if err := CheckURL(address); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, &Error{Code: "not_https"}
	}
	for name, values := range header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("User-Agent", "Sealform")
	answer, err := c.transport().RoundTrip(request)
	if err != nil {
		return nil, failure(ctx, err)
	}
	return answer, nil
}

// transport is made for one request: a stranger's connection is not kept, and its settings cannot leak into another
// call. A RoundTripper follows no redirect and has no cookies; this one has no proxy either, and unpacks nothing.
func (c *Client) transport() *http.Transport {
	return &http.Transport{
		DialContext:            c.dialer().DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: mostHeader,
	}
}

// CheckURL wants a plain https address: a host, a port or none, a path; no user name, no fragment, and no number that
// only some programs take for an IP address, such as 2130706433 or 0x7f.1. *Error of code "not_https" otherwise.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Opaque != "" || u.User != nil || u.Fragment != "" || !plainHost(u.Hostname()) {
		return &Error{Code: "not_https"}
	}
	return nil
}

// plainHost tells whether host has letters, digits, dashes and dots only, or is an IP address in its one usual form.
func plainHost(host string) bool {
	if isAddress(host) {
		return true
	}
	if host == "" || len(host) > 253 || strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") != "" {
		return false
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
	}
	// A last label that begins with a digit is no domain, but perhaps a number for somebody (WHATWG URL §3.5).
	last := labels[len(labels)-1]
	return last[0] < '0' || last[0] > '9'
}

func isAddress(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Zone() == ""
}
