// Package site is what stands around Sealform in the demo: the web site of a clinic that does not exist, and a
// look into the mailbox that its forms are mailed to.
//
//	site := site.New(site.Config{Clinic: "Riverside Family Clinic", IntakeURL: "https://localhost:8443", …})
//	http.Server{Handler: site}
//
// The home page links to the forms as any site would; nothing of a form passes through here. The mail page shows
// delivered messages as they lie in the folder, ciphertext, with the commands that open one. The package reads that
// folder and holds no key: it is given the paths of the key files only to print them, and never opens them.
//
// Everything is GET, and every page is made for a content security policy without scripts.
package site

import (
	"bytes"
	"net/http"
	"time"

	"sealform/templates"
	"sealform/templates/demo"
)

// Config is the origins, folders and names on the pages.
type Config struct {
	Clinic         string
	IntakeURL      string         // origin of the forms
	ViewerURL      string         // origin of the staff program
	MailDir        string         // folder of delivered messages
	PrivateKeyPath string         // the exported key, locked with the key password: what gpg imports
	SignerPath     string         // the server's public signing key
	Zone           *time.Location // of the times shown; nil: UTC
	Failed         func()         // called when a page could not be made; nil: nothing is
}

// New gives the site's handler.
func New(c Config) http.Handler {
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Failed == nil {
		c.Failed = func() {}
	}
	s := &site{c, demo.Frame{
		Clinic:     c.Clinic,
		NewPatient: c.IntakeURL + "/f/new-patient",
		Contact:    c.IntakeURL + "/f/contact",
		Staff:      c.ViewerURL,
	}}
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", templates.Assets())
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /mail", s.mail)
	mux.HandleFunc("GET /mail/{id}", s.letter)
	mux.HandleFunc("GET /", s.missing)
	return guarded(mux)
}

// site is the handler: its settings, and the frame that every page has.
type site struct {
	Config
	frame demo.Frame
}

// guarded sets the headers of every answer. There is no HSTS: it would bind every port of localhost.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "+
			"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *site) home(w http.ResponseWriter, _ *http.Request) {
	s.show(w, http.StatusOK, demo.Home{Frame: s.frame})
}

func (s *site) missing(w http.ResponseWriter, _ *http.Request) {
	s.show(w, http.StatusNotFound, demo.Missing{Frame: s.frame})
}

// show renders first, so that a page is whole or is an error.
func (s *site) show(w http.ResponseWriter, status int, page templates.Page) {
	var b bytes.Buffer
	if err := page.Render(&b); err != nil {
		s.fail(w)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a browser that went away is nobody's fault
}

func (s *site) fail(w http.ResponseWriter) {
	s.Failed()
	http.Error(w, "This page could not be made. Please try again.", http.StatusInternalServerError)
}
