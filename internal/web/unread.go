package web

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// drain is how long the rest of a body is waited for, that nobody here reads, once its answer has begun. A sender that
// writes all before it reads gets its answer so; one that sends nothing is not waited for longer.
const drain = 5 * time.Second

// attend gives a request and its answer with an eye on the body: an answer that begins before the body's end closes
// the connection after it, and bounds how long net/http reads on to be kind. HTTP/2 ends such a stream by itself.
func attend(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
	if r.ProtoMajor != 1 || r.ContentLength == 0 {
		return w, r
	}
	b := &body{ReadCloser: r.Body}
	with := *r // the server itself looks at what it made
	with.Body = b
	return &early{ResponseWriter: w, body: b}, &with
}

// body knows how its reading ended, if it did.
type body struct {
	io.ReadCloser
	err error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.err = err
	}
	return n, err
}

// early is an answer that looks, when it begins, whether the body was read.
type early struct {
	http.ResponseWriter
	body  *body
	begun bool
}

// WriteHeader begins the answer.
func (e *early) WriteHeader(status int) {
	e.begin()
	e.ResponseWriter.WriteHeader(status)
}

// Write begins the answer, or goes on with it.
func (e *early) Write(b []byte) (int, error) {
	e.begin()
	return e.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (e *early) Unwrap() http.ResponseWriter { return e.ResponseWriter }

func (e *early) begin() {
	if e.begun {
		return
	}
	e.begun = true
	if errors.Is(e.body.err, io.EOF) {
		return
	}
	e.Header().Set("Connection", "close")
	end := time.Now()
	if e.body.err == nil {
		end = end.Add(drain)
	}
	_ = http.NewResponseController(e.ResponseWriter).SetReadDeadline(end) // not every answer in a test has a connection
}
