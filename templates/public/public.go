// Package public holds the pages that visitors see: the list of forms, a form, its receipt, and what is said instead.
//
// A page is a struct with a Render method; package templates parses and shows it. What a visitor typed is shown again as
// text, never as markup. Nothing here decides anything, and nothing of it is kept.
//
//	page := public.FormPage{Frame: frame, Form: form, Token: token}   // new; with Entry and Problems: again
//	err := page.Render(w)
//
// Every page works without scripts and cookies: there are none. A question is drawn by its shape (question.go), with the
// attributes, hints and messages that package forms gives; a new field type needs a shape here, if none of them fits.
// Whatever a page says is for a person who may be ill or in a hurry: short, plain, and what to do next.
package public

import (
	"embed"
	"io"
	"time"

	"sealform/forms"
	"sealform/templates"
)

// Frame surrounds every page that visitors see.
type Frame struct {
	Clinic string // the clinic's name, first on each page; "" leaves the line out
	Sheet  string // address of the sheet with the clinic's colours; "" for ours
}

// ListPage is the public start page: the forms that can be filled in.
type ListPage struct {
	Frame
	Forms []*forms.Form
}

// ReceiptPage says that a submission is kept, and nothing of what was in it.
type ReceiptPage struct {
	Frame
	Form      *forms.Form
	Reference string
	Received  time.Time // shown in its own location
}

// ClosedPage is shown in place of a form that takes no answers now.
type ClosedPage struct {
	Frame
	Form   *forms.Form
	Posted bool // answers were sent, and not taken
}

// MessagePage says one thing: not found, too large, try again.
type MessagePage struct {
	Frame
	Title string
	Text  []string // paragraphs
	Link  string   // where to go on, "" for nowhere
	Label string   // what that link says
	ID    string   // reference id of a failure, "" for none
}

// sources are the templates of the pages and of their frame.
//
//go:embed *.html
var sources embed.FS

// pages are all of them, parsed at the start.
var pages = templates.Parse(sources)

// Render writes the page.
func (p ListPage) Render(w io.Writer) error { return pages.Render(w, "list.html", p) }

// Render writes the page.
func (p ReceiptPage) Render(w io.Writer) error { return pages.Render(w, "receipt.html", p) }

// Render writes the page.
func (p ClosedPage) Render(w io.Writer) error { return pages.Render(w, "closed.html", p) }

// Render writes the page.
func (p MessagePage) Render(w io.Writer) error { return pages.Render(w, "message.html", p) }

// When is the time of receipt with its zone: "Monday, 5 January 2026 at 10:12 CET".
func (p ReceiptPage) When() string { return p.Received.Format("Monday, 2 January 2006 at 15:04 MST") }
