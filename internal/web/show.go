package web

import (
	"io"
	"net/http"
)

// Shown is a page that writes itself whole or not at all.
type Shown interface {
	Render(w io.Writer) error
}

// Show answers with a page. When rendering fails nothing was sent yet, and the caller may show another.
func Show(w http.ResponseWriter, status int, page Shown) error {
	return page.Render(&late{w: w, status: status})
}

// late sends the status with the first bytes, not before.
type late struct {
	w      http.ResponseWriter
	status int
	sent   bool
}

func (l *late) Write(b []byte) (int, error) {
	if !l.sent {
		l.sent = true
		l.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		l.w.WriteHeader(l.status)
	}
	return l.w.Write(b)
}
