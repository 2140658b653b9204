package templates

import (
	"fmt"
	"io"
	"time"
)

// StaffFrame is what surrounds every page of the staff program.
type StaffFrame struct {
	Clinic string
	Sheet  string     // address of the sheet with the clinic's colours; "" for ours
	Person string     // e-mail of who is signed in; "" for nobody
	Here   string     // the page's own path, where "Stay unlocked" comes back to
	Lock   *StaffLock // how long the key stays open; nil when it is locked
	Late   *StaffLate // what does not get out; nil when all does
}

// StaffLock is the countdown in the header.
type StaffLock struct{ Left time.Duration }

// Seconds is what the script counts down from.
func (l StaffLock) Seconds() int { return int(l.Left / time.Second) }

// Clock is "9:41".
func (l StaffLock) Clock() string {
	s := max(0, l.Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// SignInPage asks for e-mail and account password.
type SignInPage struct {
	StaffFrame
	Problem string // why the last try failed; "" on the first view
	Notice  string // such as "You are signed out."
	Email   string // as typed before
	Next    string // where to go on afterwards
}

// CodePage asks for the code of the authenticator.
type CodePage struct {
	StaffFrame
	Problem string
	Next    string
}

// UnlockPage asks for the key password.
type UnlockPage struct {
	StaffFrame
	Problem string
	Keys    []StaffKey // those that open something here; never empty
	Next    string
}

// StaffKey is one of the person's own keys.
type StaffKey struct {
	Name        string
	Fingerprint string // in groups of four
	Value       string // as posted
	Chosen      bool
}

// InboxPage lists what arrived.
type InboxPage struct {
	StaffFrame
	Tabs   []StaffTab
	Forms  bool // the list mixes several forms, so each line names its own
	Rows   []StaffRow
	Form   string // title of the form chosen; "" for all
	Older  string // address of the next page; "" on the last
	Newest string // address of the first page; "" when this is it
	Kept   int64  // how many there are in this list, all pages together
	Sealed []StaffSealed
}

// StaffSealed says who can open a form's submissions.
type StaffSealed struct{ Form, Who string }

// StaffTab chooses a form.
type StaffTab struct {
	Title   string
	Address string
	New     int64
	Chosen  bool
}

// StaffRow is one submission: nothing in it was typed by a visitor.
type StaffRow struct {
	Address   string
	Reference string
	Form      string
	State     StaffState
	Received  StaffTime
	Files     int
	Size      string
}

// StaffState is "new", "open", "done" or "spam".
type StaffState string

// Label is how the state is called on pages.
func (s StaffState) Label() string {
	return map[StaffState]string{"new": "New", "open": "Open", "done": "Done", "spam": "Spam"}[s]
}

// StaffTime is a moment in the clinic's zone.
type StaffTime struct {
	At    time.Time
	Short string // "10:12", "Mon 20 Nov"
}

// Machine is for the datetime attribute.
func (t StaffTime) Machine() string { return t.At.Format(time.RFC3339) }

// Full is "Monday 5 January 2026, 10:12 CET".
func (t StaffTime) Full() string { return t.At.Format("Monday 2 January 2006, 15:04 MST") }

// SubmissionPage is one submission, opened.
type SubmissionPage struct {
	StaffFrame
	Reference string
	Form      string
	State     StaffState
	Action    string // the submission's own address; its parts stand below it
	Received  StaffTime
	Facts     []StaffFact
	Notes     []string // what to know before reading, such as an earlier version of the form
	Sections  []StaffSection
	Extra     []StaffAnswer // posted under names that the form does not have
	Files     []StaffFile
	Back      string
}

// StaffFact is a line of what is known about a submission beside its answers.
type StaffFact struct{ Label, Text string }

// StaffSection is a heading and its answers.
type StaffSection struct {
	Title   string
	Answers []StaffAnswer
}

// StaffAnswer is a question and what was answered; no values: not provided.
type StaffAnswer struct {
	Label  string
	Values []StaffValue
}

// StaffValue is one value in pieces.
type StaffValue struct {
	Pieces []StaffPiece
	Raw    bool // the bytes were not text
}

// StaffPiece is a run of text as typed, or a mark in place of a character that cannot be seen.
type StaffPiece struct {
	Text string
	Mark string // "U+202E"; Text is empty then
	Name string // "right-to-left override"
}

// StaffFile is a file that came along.
type StaffFile struct {
	Label   string // of the question it answers
	Name    StaffValue
	Size    string
	Address string
}

// ErasePage asks whether a submission shall really be erased.
type ErasePage struct {
	StaffFrame
	Reference string
	Form      string
	Received  StaffTime
	Files     int
	Action    string
	Back      string
}

// StaffMessagePage says one thing and where to go on.
type StaffMessagePage struct {
	StaffFrame
	Title string
	Text  []string // paragraphs
	Grave bool     // something is wrong with a submission, not with the way here
	Facts []StaffFact
	Link  string
	Label string
	ID    string // reference id of a failure, "" for none
}

var (
	signInTemplate       = parse("staff.html", "staff_sign_in.html")
	codeTemplate         = parse("staff.html", "staff_code.html")
	unlockTemplate       = parse("staff.html", "staff_unlock.html")
	inboxTemplate        = parse("staff.html", "staff_inbox.html")
	submissionTemplate   = parse("staff.html", "staff_submission.html")
	eraseTemplate        = parse("staff.html", "staff_erase.html")
	staffMessageTemplate = parse("staff.html", "staff_message.html")
)

// Render writes the page.
func (p SignInPage) Render(w io.Writer) error { return render(w, signInTemplate, p) }

// Render writes the page.
func (p CodePage) Render(w io.Writer) error { return render(w, codeTemplate, p) }

// Render writes the page.
func (p UnlockPage) Render(w io.Writer) error { return render(w, unlockTemplate, p) }

// Render writes the page.
func (p InboxPage) Render(w io.Writer) error { return render(w, inboxTemplate, p) }

// Render writes the page.
func (p SubmissionPage) Render(w io.Writer) error { return render(w, submissionTemplate, p) }

// Render writes the page.
func (p ErasePage) Render(w io.Writer) error { return render(w, eraseTemplate, p) }

// Render writes the page.
func (p StaffMessagePage) Render(w io.Writer) error { return render(w, staffMessageTemplate, p) }

// Heading is the page's title.
func (p SignInPage) Heading() string { return "Sign in" }

// Heading is the page's title.
func (p CodePage) Heading() string { return "Enter your code" }

// Heading is the page's title.
func (p UnlockPage) Heading() string { return "Unlock submissions" }

// Heading is the page's title.
func (p InboxPage) Heading() string {
	if p.Form != "" {
		return p.Form
	}
	return "Inbox"
}

// Heading is the page's title.
func (p SubmissionPage) Heading() string { return p.Reference }

// Heading is the page's title.
func (p ErasePage) Heading() string { return "Erase " + p.Reference + "?" }

// Heading is the page's title.
func (p StaffMessagePage) Heading() string { return p.Title }
