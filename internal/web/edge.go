package web

import (
	"crypto/rand"
	"net/http"
	"time"

	"sealform/internal/event"
)

// Edge is what every program puts around its routes: the headers of each answer, a page instead of a panic, probes for
// whoever watches the process, and the refusal of other names and of requests without TLS, in this order.
type Edge struct {
	Program string // as events name it
	Policy  Policy
	Hosts   Hosts
	Peers   Peers
	Events  *event.Log
	Ready   func() error // asked by /readyz; nil: there is no such probe
	// WrongName answers requests under a name that is not ours; nil: a line of text.
	WrongName http.HandlerFunc
	// Failed answers with a page of a failure that has this id in the log; nothing was answered yet.
	Failed func(w http.ResponseWriter, r *http.Request, id string)
}

// Around gives the whole program. Routes may set Request.Pattern to the pattern that served, which events tell.
func (e Edge) Around(routes http.Handler) http.Handler {
	wrongName := e.WrongName
	if wrongName == nil {
		wrongName = noSuchName
	}
	return Headers(e.Policy, e.watch(e.probes(e.Hosts.Only(e.overTLS(routes), wrongName))))
}

// FailureID draws what a page and the log share about one failure.
func FailureID() string { return rand.Text()[:8] }

// watch logs each answer and turns a panic into a page that tells nothing of it. An answer that has begun is cut off rather
// than seem complete.
func (e Edge) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, a := time.Now(), w.(*answer) // Headers made it
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { //nolint:errorlint // the server's own sign, compared as it does
					panic(http.ErrAbortHandler)
				}
				id := FailureID()
				e.Events.Panicked(e.Program, r.Pattern, id)
				if a.status != 0 {
					panic(http.ErrAbortHandler)
				}
				e.Failed(w, r, id)
			}
			e.Events.Request(e.Program, r.Pattern, r.Method, a.status, time.Since(began))
		}()
		next.ServeHTTP(w, r)
	})
}

// probes answers health checks, under any name and without TLS, and tells no detail: /livez whether the process runs, /readyz
// whether it can do its work.
func (e Edge) probes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/livez":
			probe(w, r, nil)
		case r.URL.Path == "/readyz" && e.Ready != nil:
			probe(w, r, e.Ready())
		default:
			next.ServeHTTP(w, r)
		}
	})
}

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

// overTLS lets requests through that came over TLS, to us or to a trusted proxy. All others get what port 80 gives.
func (e Edge) overTLS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !e.Peers.Secure(r) {
			plain{e.Hosts}.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func noSuchName(w http.ResponseWriter, _ *http.Request) {
	text(w, http.StatusMisdirectedRequest, "No page is served under this name.\n")
}
