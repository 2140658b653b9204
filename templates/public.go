package templates

import (
	"io"
	"time"

	"sealform/forms"
)

// Frame is what surrounds every page that visitors see.
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

var (
	listTemplate    = parse("public.html", "public_list.html")
	receiptTemplate = parse("public.html", "public_receipt.html")
	closedTemplate  = parse("public.html", "public_closed.html")
	messageTemplate = parse("public.html", "public_message.html")
)

// Render writes the page.
func (p ListPage) Render(w io.Writer) error { return render(w, listTemplate, p) }

// Render writes the page.
func (p ReceiptPage) Render(w io.Writer) error { return render(w, receiptTemplate, p) }

// Render writes the page.
func (p ClosedPage) Render(w io.Writer) error { return render(w, closedTemplate, p) }

// Render writes the page.
func (p MessagePage) Render(w io.Writer) error { return render(w, messageTemplate, p) }

// Heading is the page's title.
func (p ListPage) Heading() string { return "Forms" }

// Heading is the page's title.
func (p ReceiptPage) Heading() string {
	if p.Form.After.Title != "" {
		return p.Form.After.Title
	}
	return "Thank you"
}

// When is the time of receipt with its zone: "Monday, 5 January 2026 at 10:12 CET".
func (p ReceiptPage) When() string { return p.Received.Format("Monday, 2 January 2006 at 15:04 MST") }

// Heading is the page's title.
func (p ClosedPage) Heading() string { return p.Form.Title }

// Heading is the page's title.
func (p MessagePage) Heading() string { return p.Title }
