// Package demo holds the pages that stand around the program in the demo: a clinic's web site and its mailbox.
//
// A page is a struct with a Render method; package templates parses and shows it. No answer is ever on one: the mailbox
// shows ciphertext, and what anybody on the way can see of it.
package demo

import (
	"embed"
	"io"
	"time"

	"sealform/internal/text"
	"sealform/templates"
)

// Frame surrounds every page of the demo: the web site of a clinic that does not exist.
type Frame struct {
	Clinic     string
	NewPatient string // address of the new patient form
	Contact    string // address of the contact form
	Staff      string // address of the staff program
}

// Home is the clinic's home page, with links to its forms as any web site would have them.
type Home struct{ Frame }

// Mail lists what the demo's mail server has taken in, the newest first.
type Mail struct {
	Frame
	Letters []Letter
	More    int // messages that are not listed
}

// Letter is a message as anybody on the way can see it.
type Letter struct {
	ID      string    // last part of its address; with ".eml" the address of the message itself
	Arrived time.Time // shown in its own location
	From    string
	To      string
	Subject string
	Number  string // the per-form number, "42"; "" for none
	Size    int64  // bytes
}

// LetterPage shows one message as it lies in the mailbox: ciphertext.
type LetterPage struct {
	Frame
	Letter Letter
	Raw    string // its beginning, as it was delivered
	Cut    bool   // there is more than Raw
	Steps  []Step
	Keys   bool // the key files are where the steps say
}

// Step is one line for a terminal and what it does.
type Step struct{ Does, Command string }

// Missing says that there is no such page.
type Missing struct{ Frame }

//go:embed *.html
var sources embed.FS

var pages = templates.Parse(sources)

// Render writes the page.
func (p Home) Render(w io.Writer) error { return pages.Render(w, "home.html", p) }

// Render writes the page.
func (p Mail) Render(w io.Writer) error { return pages.Render(w, "mail.html", p) }

// Render writes the page.
func (p LetterPage) Render(w io.Writer) error { return pages.Render(w, "letter.html", p) }

// Render writes the page.
func (p Missing) Render(w io.Writer) error { return pages.Render(w, "missing.html", p) }

// When is "21 Nov 2026, 20:19:32 UTC".
func (l Letter) When() string { return l.Arrived.Format("2 Jan 2006, 15:04:05 MST") }

// Stamp is the time as machines read it.
func (l Letter) Stamp() string { return l.Arrived.Format(time.RFC3339) }

// Bytes is the size in words.
func (l Letter) Bytes() string { return text.Size(l.Size) }
