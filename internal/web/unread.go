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

// newAnswer gives a request and its answer with an eye on the body: an answer that begins before the body's end closes
// the connection after it, and bounds how long net/http reads on to be kind. HTTP/2 ends such a stream by itself.
func newAnswer(w http.ResponseWriter, r *http.Request) (*answer, *http.Request) {
	if r.ProtoMajor != 1 || r.ContentLength == 0 {
		return &answer{ResponseWriter: w}, r
	}
	b := &body{ReadCloser: r.Body}
	with := *r // the server itself looks at what it made
	with.Body = b
	return &answer{ResponseWriter: w, body: b}, &with
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

// answer knows whether it has begun, and looks then whether the body was read.
type answer struct {
	http.ResponseWriter
	body   *body // nil: none that has to be read
	status int   // 0: it has not begun
}

// WriteHeader begins the answer.
func (a *answer) WriteHeader(status int) {
	a.begin(status)
	a.ResponseWriter.WriteHeader(status)
}

// Write begins the answer, or goes on with it.
func (a *answer) Write(b []byte) (int, error) {
	a.begin(http.StatusOK)
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) begin(status int) {
	if a.status != 0 {
		return
	}
	a.status = status
	if a.body == nil || errors.Is(a.body.err, io.EOF) {
		return
	}
	a.Header().Set("Connection", "close")
	end := time.Now()
	if a.body.err == nil {
		end = end.Add(drain)
	}
	_ = http.NewResponseController(a.ResponseWriter).SetReadDeadline(end) // not every answer in a test has a connection
}
