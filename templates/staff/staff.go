// Package staff holds the pages of the staff program: signing in, the inbox, a submission, deliveries.
//
// A page is a struct with a Render method; package templates parses and shows it. The viewer turns what it has read into
// these structs: no page knows a form, a record or the store. What visitors typed comes in pieces (Value), so that what
// cannot be seen is shown by name.
package staff

import (
	"embed"
	"fmt"
	"io"
	"time"

	"sealform/templates"
)

// Frame surrounds every page of the staff program.
type Frame struct {
	Clinic string
	Sheet  string // address of the sheet with the clinic's colours; "" for ours
	Person string // e-mail of who is signed in; "" for nobody
	Here   string // the page's own path, where "Stay unlocked" comes back to
	Lock   *Lock  // how long the key stays open; nil when it is locked
	Late   *Late  // what does not get out; nil when all does
}

// Lock is the countdown in the header.
type Lock struct{ Left time.Duration }

// Seconds is the number that the script counts down from.
func (l Lock) Seconds() int { return int(l.Left / time.Second) }

// Clock is "9:41".
func (l Lock) Clock() string {
	s := max(0, l.Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// SignInPage asks for e-mail and account password.
type SignInPage struct {
	Frame
	Problem string // why the last try failed; "" on the first view
	Notice  string // such as "You are signed out."
	Email   string // as typed before
	Next    string // where to go on afterwards
}

// CodePage asks for the code of the authenticator.
type CodePage struct {
	Frame
	Problem string
	Next    string
}

// UnlockPage asks for the key password.
type UnlockPage struct {
	Frame
	Problem string
	Keys    []Key // those that open something here; never empty
	Next    string
}

// Key is one of the person's own keys.
type Key struct {
	Name        string
	Fingerprint string // in groups of four
	Value       string // as posted
	Chosen      bool
}

// InboxPage lists what arrived.
type InboxPage struct {
	Frame
	Tabs   []Tab
	Forms  bool // the list mixes several forms, so each line names its own
	Rows   []Row
	Form   string // title of the form chosen; "" for all
	Older  string // address of the next page; "" on the last
	Newest string // address of the first page; "" when this is it
	Kept   int64  // how many there are in this list, all pages together
	Sealed []Sealed
}

// Sealed names the people who can open a form's submissions.
type Sealed struct{ Form, Who string }

// Tab chooses a form, or a state of deliveries.
type Tab struct {
	Title   string
	Address string
	Count   int64 // of new submissions, or of deliveries
	Chosen  bool
}

// Row is one submission: nothing in it was typed by a visitor.
type Row struct {
	Address   string
	Reference string
	Form      string
	State     State
	Received  Time
	Files     int
	Size      string
}

// State is that of a submission: "new", "open", "done" or "spam"; or of a delivery: "waiting", "given-up", "sent" or
// "put-aside".
type State string

// Label is how the state is called on pages.
func (s State) Label() string {
	return map[State]string{
		"new": "New", "open": "Open", "done": "Done", "spam": "Spam",
		"waiting": "Waiting", "given-up": "Given up", "sent": "Sent", "put-aside": "Put aside",
	}[s]
}

// Time is a moment in the clinic's zone.
type Time struct {
	At    time.Time
	Short string // "10:12", "Mon 20 Nov"
}

// Machine is for the datetime attribute.
func (t Time) Machine() string { return t.At.Format(time.RFC3339) }

// Full is "Monday 5 January 2026, 10:12 CET".
func (t Time) Full() string { return t.At.Format("Monday 2 January 2006, 15:04 MST") }

// SubmissionPage is one submission, opened.
type SubmissionPage struct {
	Frame
	Reference string
	Form      string
	State     State
	Address   string // the submission's own; its parts stand below it
	Received  Time
	Facts     []Fact
	Notes     []string // what to know before reading, such as an earlier version of the form
	Sections  []Section
	Extra     []Answer // posted under names that the form does not have
	Files     []File
}

// Fact is a line of what is known about a submission beside its answers.
type Fact struct{ Label, Text string }

// Section is a heading and its answers.
type Section struct {
	Title   string
	Answers []Answer
}

// Answer is a question and what was answered; no values: not provided.
type Answer struct {
	Label  string
	Values []Value
}

// Value is one value in pieces.
type Value struct {
	Pieces []Piece
	Raw    bool // the bytes were not text
}

// Piece is a run of text as typed, or a mark in place of a character that cannot be seen.
type Piece struct {
	Text string
	Mark string // "U+202E"; Text is empty then
	Name string // "right-to-left override"
}

// File is a file that came along.
type File struct {
	Label   string // of the question it answers
	Name    Value
	Size    string
	Address string
}

// ErasePage asks whether a submission shall really be erased.
type ErasePage struct {
	Frame
	Reference string
	Form      string
	Received  Time
	Files     int
	Address   string // of the submission
}

// MessagePage says one thing and where to go on.
type MessagePage struct {
	Frame
	Title string
	Text  []string // paragraphs
	Grave bool     // something is wrong with a submission, not with the way here
	Facts []Fact
	Link  string
	Label string
	ID    string // reference id of a failure, "" for none
}

//go:embed *.html
var sources embed.FS

var pages = templates.Parse(sources)

// Render writes the page.
func (p SignInPage) Render(w io.Writer) error { return pages.Render(w, "signin.html", p) }

// Render writes the page.
func (p CodePage) Render(w io.Writer) error { return pages.Render(w, "code.html", p) }

// Render writes the page.
func (p UnlockPage) Render(w io.Writer) error { return pages.Render(w, "unlock.html", p) }

// Render writes the page.
func (p InboxPage) Render(w io.Writer) error { return pages.Render(w, "inbox.html", p) }

// Render writes the page.
func (p SubmissionPage) Render(w io.Writer) error { return pages.Render(w, "submission.html", p) }

// Render writes the page.
func (p ErasePage) Render(w io.Writer) error { return pages.Render(w, "erase.html", p) }

// Render writes the page.
func (p MessagePage) Render(w io.Writer) error { return pages.Render(w, "message.html", p) }
