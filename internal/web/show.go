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
	return page.Render(&pageWriter{w: w, status: status})
}

// pageWriter sends the status with the first bytes, not before.
type pageWriter struct {
	w      http.ResponseWriter
	status int
	sent   bool
}

func (p *pageWriter) Write(b []byte) (int, error) {
	if !p.sent {
		p.sent = true
		p.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		p.w.WriteHeader(p.status)
	}
	return p.w.Write(b)
}
