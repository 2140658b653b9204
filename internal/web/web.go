// Package web is the edge that all programs share: what the public one and the staff one put around every answer.
//
// Edge puts it together, once for each program: headers, a page instead of a panic, probes, refusal of other names and of
// requests without TLS. FailureID is what a page and the log share about a failure.
//
// Headers sets the strict response headers once, outside of all routes, so that an error page
// or a style sheet has them too; there, too, a connection ends whose body nobody read. Hosts
// lets a request through only under a configured name.
// Peers finds the address of the other end and whether the way there was TLS, believing forwarding
// headers from configured proxies alone. PlainHTTP is the whole of what port 80 does.
// Show writes a page.
//
// It reads no cookie, no query and no body. What it logs are panics and, for whoever looks for faults, each answer's status.
package web

import (
	"net/http"
	"strings"
)

// Policy is the rule for a program's pages: what they may load, and who may keep them.
type Policy struct {
	Scripts bool // scripts of our own origin; none otherwise
	NoIndex bool // search engines are told to keep nothing
}

// String is the Content-Security-Policy. Inline style and script, plug-ins, frames, other origins and
// string-to-script sinks are all refused.
func (p Policy) String() string {
	directives := []string{"default-src 'none'", "style-src 'self'", "img-src 'self'"}
	if p.Scripts {
		directives = append(directives, "script-src 'self'", "connect-src 'self'")
	}
	return strings.Join(append(directives,
		"form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"), "; ")
}

const (
	hsts      = "max-age=63072000; includeSubDomains"
	hstsLocal = "max-age=3600" // a name such as localhost is shared with other programs, that may have no TLS

	permissions = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), usb=(), interest-cohort=(), browsing-topics=()"
)

// Headers sets the headers of every answer. A page is not to be cached; what may be says so itself.
// Referrer-Policy is same-origin, as under no-referrer a browser posts our own forms with "Origin: null".
// An HTTP/1 connection whose request has a body that is not read to its end is closed soon after the answer.
func Headers(p Policy, next http.Handler) http.Handler {
	csp := []string{p.String()}
	fixed := map[string][]string{
		"X-Content-Type-Options":            {"nosniff"},
		"X-Frame-Options":                   {"DENY"},
		"Referrer-Policy":                   {"same-origin"},
		"Cross-Origin-Opener-Policy":        {"same-origin"},
		"Cross-Origin-Resource-Policy":      {"same-origin"},
		"Permissions-Policy":                {permissions},
		"X-Permitted-Cross-Domain-Policies": {"none"},
		"Cache-Control":                     {"no-store"},
	}
	if p.NoIndex {
		fixed["X-Robots-Tag"] = []string{"noindex, nofollow, noarchive"}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for name, value := range fixed {
			h[name] = value
		}
		h["Content-Security-Policy"] = csp
		h.Set("Strict-Transport-Security", strictTransport(r.Host))
		answer, request := newAnswer(w, r)
		next.ServeHTTP(answer, request)
	})
}

func strictTransport(host string) string {
	if name := strings.ToLower(bareName(host)); name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return hstsLocal
	}
	return hsts
}
