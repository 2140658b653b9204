package intake

import (
	"io"
	"net/http"
	"time"

	"sealform/internal/web"
)

// program is how events name us.
const program = "intake"

// probes answers whoever watches the process, under any name and without TLS, and tells no detail.
func (in *intake) probes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/livez":
			probe(w, r, nil)
		case r.URL.Path == "/readyz" && in.ready != nil:
			probe(w, r, in.ready())
		case r.URL.Path == "/readyz":
			probe(w, r, nil)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func probe(w http.ResponseWriter, r *http.Request, err error) {
	status, word := http.StatusOK, "ok\n"
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		status, word = http.StatusMethodNotAllowed, "no\n"
	case err != nil:
		status, word = http.StatusServiceUnavailable, "not ready\n"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, word) // whoever asked may have gone
}

// overTLS lets requests through that came over TLS, to us or to a trusted proxy. All others get what port 80 gives.
func (in *intake) overTLS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !in.peers.Secure(r) {
			in.hosts.RefusePlain(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// misdirected answers requests for names that are not ours.
func (in *intake) misdirected(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	in.events.Refused(program, "", http.StatusMisdirectedRequest, "host")
	in.show(w, http.StatusMisdirectedRequest, message(nil, http.StatusMisdirectedRequest))
}

// watch gives every answer its time, and turns a panic into a page that tells nothing of it.
func (in *intake) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience)) // not every connection in a test knows one
		seen := &seen{ResponseWriter: w}
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // the server's own sign, compared as it does
				panic(http.ErrAbortHandler)
			}
			id := failureID()
			in.events.Panicked(program, "", id)
			if seen.begun {
				panic(http.ErrAbortHandler) // half an answer is out: cut the connection rather than seem complete
			}
			in.show(w, http.StatusInternalServerError, in.failed(id))
		}()
		next.ServeHTTP(seen, r)
	})
}

// seen knows whether an answer has begun.
type seen struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader begins the answer.
func (s *seen) WriteHeader(status int) {
	s.begun = true
	s.ResponseWriter.WriteHeader(status)
}

// Write begins the answer, or goes on with it.
func (s *seen) Write(b []byte) (int, error) {
	s.begun = true
	return s.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (s *seen) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// show writes a page, or the one rendered at the start where even that fails.
func (in *intake) show(w http.ResponseWriter, status int, page web.Shown) {
	if err := web.Show(w, status, page); err != nil {
		in.events.Trouble("page", "render")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write(in.broken) // the connection may be what failed
	}
}
