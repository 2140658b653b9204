package web

import (
	"io"
	"net/http"
	"strings"
)

// PlainHTTP is all that is served without TLS: a page asked for is redirected to its https address, under
// a configured name only; anything else, a post above all, is refused with its body unread, as a redirect would
// teach a sender that posting in the clear works (OWASP ASVS 4.1.2).
func PlainHTTP(names []string) (http.Handler, error) {
	hosts, err := NewHosts(names)
	if err != nil {
		return nil, err
	}
	return Headers(Policy{}, plain{hosts}), nil
}

// plain answers requests that did not come over TLS.
type plain struct{ hosts Hosts }

func (p plain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Del("Strict-Transport-Security") // means nothing without TLS (RFC 6797 §7.2)
	h.Set("Connection", "close")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		text(w, http.StatusForbidden, "This address takes nothing without encryption, and what you sent was not read.\nOpen the form again at its https:// address.\n")
		return
	}
	to, ok := p.hosts.https(r.Host)
	if !ok || !strings.HasPrefix(r.URL.Path, "/") { // "GET *" has none
		NoSuchName(w, r)
		return
	}
	h.Set("Location", "https://"+to+r.URL.EscapedPath())
	text(w, http.StatusMovedPermanently, "This page is at its https:// address.\n")
}

// https gives the configured name to send a plain request on to: the one that it asked for, on whatever port it
// is served, and never one taken from the request.
func (h Hosts) https(host string) (string, bool) {
	asked := bareName(canonical(host))
	for _, n := range h.names {
		if bareName(n) == asked {
			return n, true
		}
	}
	return "", false
}

func text(w http.ResponseWriter, status int, s string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, s) // a sender that went away is nobody's fault
}
