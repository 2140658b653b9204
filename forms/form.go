// Package forms knows what a form is: its questions, the rules for their answers, and how answers are checked.
//
//	answers, rejected := form.Check(entry, now)   // rejected: shown to the visitor again, never sealed
//
// A form is written in YAML, which forms/file reads; what checked answers become is forms/record. Neither is known here:
// a form can as well come from kept questions (ParseQuestions), whose hash is its Revision.
//
// What a visitor typed stays exactly as it came: order, repeats and bytes. Checking looks at a tidied view
// (without stray spaces, dashes and brackets) and stores none of it. Names that are no field of the form mean nothing.
//
// Rules live once, in the table of rules.go: a row checks, gives the HTML attributes and says what is wrong. Nothing
// visitors type appears in a message, an error or a name made here: a Problem speaks of the question.
//
// Answers can be made by Check alone, and have one exit for what was typed, Disclose, whose callers internal/rules lists.
//
// It keeps nothing: no database, no web, no key, no YAML. Uploaded files are read through File.Open, piece by piece.
package forms

import (
	"errors"
	"time"

	"sealform/internal/notice"
)

// Form is one form as its file defines it. Questions decide the Revision; readers,
// delivery and brand do not.
type Form struct {
	ID       string // [a-z][a-z0-9-]{0,63}
	Title    string
	Intro    string
	Contact  string // how else to reach the clinic; shown when the form is closed
	Fields   []*Field
	To       []string       // groups of readers
	Store    *StoreDelivery // nil: not kept
	Mail     *MailDelivery  // nil: not mailed
	Notify   []notice.Notify
	Webhooks []string // names of the operator's webhooks
	Receipt  *Receipt // nil: visitors get no mail
	Brand    Brand
	After    After
	Access   Access
	Limits   Limits
	Revision Revision

	questions []byte          // canonical, what Revision is the hash of
	posted    map[string]slot // which control a posted name belongs to
}

// StoreDelivery keeps submissions in the database.
type StoreDelivery struct{ Keep time.Duration } // 0: kept until deleted

// MailDelivery mails submissions, each address its own sealed message.
type MailDelivery struct{ To []MailTo }

// MailTo is one address of a form and what goes there.
type MailTo struct {
	Address string // strict addr-spec
	Level   Level  // "" is as the operator set it for the address, and OpenPGP where nothing is set
}

// Level is the kind of mail that an address gets. There is none that mails answers protected by TLS alone.
type Level string

// The levels.
const (
	PGP    Level = "pgp"    // the answers, as PGP/MIME
	SMIME  Level = "smime"  // the answers, as S/MIME
	Notice Level = "notice" // that something came, and a link to the staff pages
)

// Receipt is the mail that a visitor may get: the reference and the clinic's own fixed words, never an answer.
type Receipt struct {
	Field string // the e-mail field whose address it goes to
	Text  string // fixed; the lint refuses placeholders
}

// Brand is how the clinic shows itself on the form's pages.
type Brand struct{ Name, Accent string } // accent "#rrggbb", at least 4.5:1 on white; "" for ours

// After is the title and the text of the receipt page.
type After struct{ Title, Text string }

// Access says whether the form takes answers.
type Access struct {
	Closed            bool
	MessageWhenClosed string
}

// Limits bound one submission.
type Limits struct{ TotalUpload int64 } // bytes, 25 MiB unless told, at most 100 MiB

// Revision is the SHA-256 of the canonical parsed questions.
type Revision [32]byte

// slot is where a posted name belongs: the field's place in the form and the part's in the field.
type slot struct{ field, part int }

// Compile makes a form ready for use: its rules are compiled, its controls indexed, its revision known. Whoever puts a
// form together calls it once, when all fields stand.
func (f *Form) Compile() error {
	var errs []error
	for _, x := range f.Fields {
		errs = append(errs, x.compile())
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	f.index()
	return f.revise()
}

// index prepares a form whose fields are complete.
func (f *Form) index() {
	f.posted = make(map[string]slot, len(f.Fields)+2)
	for i, x := range f.Fields {
		if x.Type == FileType {
			continue // a value posted under its name is not a file
		}
		for p, name := range x.Parts() {
			f.posted[name] = slot{i, p}
		}
	}
}

// Control gives the place of the question that a posted name belongs to, and of the box within it (0 but for month, 1,
// and year, 2, of a date). ok is false for a name that is no control of the form, and for those of files.
func (f *Form) Control(name string) (field, part int, ok bool) {
	at, ok := f.posted[name]
	return at.field, at.part, ok
}

// Field gives the field of that id, or nil.
func (f *Form) Field(id string) *Field {
	for _, x := range f.Fields {
		if x.ID == id {
			return x
		}
	}
	return nil
}
