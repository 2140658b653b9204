package templates

import (
	"io"
	"time"

	"sealform/internal/text"
)

// DemoFrame is what surrounds every page of the demo: the web site of a clinic that does not exist.
type DemoFrame struct {
	Clinic     string
	NewPatient string // address of the new patient form
	Contact    string // address of the contact form
	Staff      string // address of the staff program
}

// DemoHome is the clinic's home page, with links to its forms as any web site would have them.
type DemoHome struct{ DemoFrame }

// DemoMail lists what the demo's mail server has taken in, the newest first.
type DemoMail struct {
	DemoFrame
	Letters []DemoLetter
	More    int // messages that are not listed
}

// DemoLetter is what anybody on the way can see of a message.
type DemoLetter struct {
	ID      string    // last part of its address; with ".eml" the address of the message itself
	Arrived time.Time // shown in its own location
	From    string
	To      string
	Subject string
	Number  string // the per-form number, "42"; "" for none
	Size    int64  // bytes
}

// DemoLetterPage shows one message as it lies in the mailbox: ciphertext.
type DemoLetterPage struct {
	DemoFrame
	Letter DemoLetter
	Raw    string // its beginning, as it was delivered
	Cut    bool   // there is more than Raw
	Steps  []DemoStep
	Keys   bool // the key files are where the steps say
}

// DemoStep is one line for a terminal and what it does.
type DemoStep struct{ Does, Command string }

// DemoMissing says that there is no such page.
type DemoMissing struct{ DemoFrame }

var (
	demoHomeTemplate    = parse("demo.html", "demo_home.html")
	demoMailTemplate    = parse("demo.html", "demo_mail.html")
	demoLetterTemplate  = parse("demo.html", "demo_letter.html")
	demoMissingTemplate = parse("demo.html", "demo_missing.html")
)

// Render writes the page.
func (p DemoHome) Render(w io.Writer) error { return render(w, demoHomeTemplate, p) }

// Render writes the page.
func (p DemoMail) Render(w io.Writer) error { return render(w, demoMailTemplate, p) }

// Render writes the page.
func (p DemoLetterPage) Render(w io.Writer) error { return render(w, demoLetterTemplate, p) }

// Render writes the page.
func (p DemoMissing) Render(w io.Writer) error { return render(w, demoMissingTemplate, p) }

// When is "21 Nov 2026, 20:19:32 UTC".
func (l DemoLetter) When() string { return l.Arrived.Format("2 Jan 2006, 15:04:05 MST") }

// Stamp is the time as machines read it.
func (l DemoLetter) Stamp() string { return l.Arrived.Format(time.RFC3339) }

// Bytes is the size in words.
func (l DemoLetter) Bytes() string { return text.Size(l.Size) }
