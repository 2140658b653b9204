package web

import (
	"crypto/rand"
	"net/http"
	"time"

	"sealform/internal/event"
)

// Edge surrounds the routes of every program: it adds the headers of each answer, a page instead of a panic, probes for
// whoever watches the process, and the refusal of other names and of requests without TLS. Probes are answered under any name.
type Edge struct {
	Program string // as events name it
	Policy  Policy
	Hosts   Hosts
	Peers   Peers
	Events  *event.Log
	Ready   func() error // asked by /readyz, whether the program can do its work; nil: there is no such probe
	// WrongName answers requests under a name that is not ours, by a page or by NoSuchName.
	WrongName http.HandlerFunc
	// Failed answers with a page of a failure that has this id in the log; nothing was answered yet.
	Failed func(w http.ResponseWriter, r *http.Request, id string)
}

// Around gives the whole program. Routes may set Request.Pattern to the pattern that served, which events tell.
func (e Edge) Around(routes http.Handler) http.Handler {
	return Headers(e.Policy, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer e.end(w.(*answer), r, time.Now()) // Headers made it
		switch {
		case r.URL.Path == "/livez":
			probe(w, r, nil)
		case r.URL.Path == "/readyz" && e.Ready != nil:
			probe(w, r, e.Ready())
		case !e.Hosts.Has(r.Host):
			e.WrongName(w, r)
		case !e.Peers.Secure(r):
			plain{e.Hosts}.ServeHTTP(w, r)
		default:
			routes.ServeHTTP(w, r)
		}
	}))
}

// FailureID draws what a page and the log share about one failure.
func FailureID() string { return rand.Text()[:8] }

// end logs an answer and turns a panic into a page that tells nothing of it. An answer that has begun is cut off rather than
// seem complete.
func (e Edge) end(a *answer, r *http.Request, began time.Time) {
	v := recover()
	if v == http.ErrAbortHandler { //nolint:errorlint // the server's own sign, compared as it does
		panic(http.ErrAbortHandler)
	}
	if v != nil {
		id := FailureID()
		e.Events.Panicked(e.Program, r.Pattern, id)
		if a.status != 0 {
			panic(http.ErrAbortHandler)
		}
		e.Failed(a, r, id)
	}
	e.Events.Request(e.Program, r.Pattern, r.Method, a.status, time.Since(began))
}

// probe answers a health check, under any name and without TLS, and tells no detail.
func probe(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		text(w, http.StatusMethodNotAllowed, "no\n")
	case err != nil:
		text(w, http.StatusServiceUnavailable, "not ready\n")
	default:
		text(w, http.StatusOK, "ok\n")
	}
}

// NoSuchName answers a request under a name that is not ours with a line of text.
func NoSuchName(w http.ResponseWriter, _ *http.Request) {
	text(w, http.StatusMisdirectedRequest, "No page is served under this name.\n")
}
