// Package event is the closed list of what may be logged: one method an event, its parameter types say what can
// be in it (ids, counts, durations, codes; never free text).
//
// Whoever has something new to log adds a method here and the code, if there is one, to docs/operating.md: a test holds the
// two together. A visitor's words, an address or what another server said never stand in an event.
package event

import (
	"log"
	"log/slog"
	"runtime"
	"time"
)

// Code is a short constant that names what went wrong. It never holds data.
type Code string

// Log writes events.
type Log struct{ to *slog.Logger }

// New writes to h.
func New(h slog.Handler) *Log { return &Log{slog.New(h)} }

// Nothing discards all events.
func Nothing() *Log { return &Log{slog.New(slog.DiscardHandler)} }

// Started: a listener of a role is up.
func (l *Log) Started(role, address, version string) {
	l.to.Info("started", "role", role, "address", address, "version", version)
}

// Stopped: a clean end.
func (l *Log) Stopped() { l.to.Info("stopped") }

// Request: one answer of an http handler. route is the registered pattern, never the path.
func (l *Log) Request(program, route, method string, status int, took time.Duration) {
	l.to.Debug("request", "program", program, "route", route, "method", method, "status", status, "ms", took.Milliseconds())
}

// Kept: a submission is durable.
func (l *Log) Kept(form, reference string, files int, took time.Duration) {
	l.to.Info("kept", "form", form, "reference", reference, "files", files, "ms", took.Milliseconds())
}

// Refused: a post was refused with status, for the reason that code names.
func (l *Log) Refused(program, route string, status int, code Code) {
	l.to.Info("refused", "program", program, "route", route, "status", status, "code", string(code))
}

// Closed: a form takes no answers.
func (l *Log) Closed(form string, code Code) { l.to.Warn("closed", "form", form, "code", string(code)) }

// Failed: an answer was a 500 or 503; id stands on the visitor's page too.
func (l *Log) Failed(program, route, id string, code Code) {
	l.to.Error("failed", "program", program, "route", route, "id", id, "code", string(code))
}

// Panicked: a handler panicked; only function names of the stack, no values.
func (l *Log) Panicked(program, route, id string) {
	pc := make([]uintptr, 24)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	var stack []string
	for {
		f, more := frames.Next()
		stack = append(stack, f.Function)
		if !more {
			break
		}
	}
	l.to.Error("panicked", "program", program, "route", route, "id", id, "stack", stack)
}

// SignIn: an attempt to sign in or unlock ended with code ("ok", "wrong", "slowed", "busy").
func (l *Log) SignIn(stage string, account int64, code Code) {
	l.to.Info("sign-in", "stage", stage, "account", account, "code", string(code))
}

// Mailed: one message was handed to the relay, or not (code), after so many attempts.
func (l *Log) Mailed(job int64, attempts int, code Code) {
	l.to.Info("mailed", "job", job, "attempts", attempts, "code", string(code))
}

// Purged: so many submissions of a form were erased by its keep.
func (l *Log) Purged(form string, n int) { l.to.Info("purged", "form", form, "n", n) }

// Trouble: a background task met an error that code names and will try again.
func (l *Log) Trouble(task string, code Code) {
	l.to.Warn("trouble", "task", task, "code", string(code))
}

// CertificateEnds: the certificate that the listeners serve ends soon, or has ended.
func (l *Log) CertificateEnds(at time.Time) {
	l.to.Warn("certificate ends", "at", at.UTC().Format(time.RFC3339))
}

// ServerErrors is for http.Server.ErrorLog: it turns the server's own lines, which may quote a peer, into a counted event.
func (l *Log) ServerErrors(program string) *log.Logger {
	return log.New(&serverErrors{l, program}, "", 0)
}

type serverErrors struct {
	log     *Log
	program string
}

// Write drops the text: it can hold a peer's bytes.
func (s *serverErrors) Write(p []byte) (int, error) {
	s.log.to.Debug("connection", "program", s.program)
	return len(p), nil
}
