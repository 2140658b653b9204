// Package forms knows what a form is: its definition, how answers are checked, and the record they become.
//
//	form, err := forms.Parse("forms/contact.yaml", src)   // every fault of the file at once, as Faults
//	answers, rejected := form.Check(entry, now)           // rejected: shown to the visitor again, never sealed
//	submission, err := answers.Seal(plan)                 // record complete, padded, sealed: readable bytes end here
//	…
//	reading, err := forms.Read(plaintext, questions, row) // what staff see, compared with its row first
//
// What a visitor typed stays exactly as it came: order, repeats and bytes. Checking looks at a tidied view
// (without stray spaces, dashes and brackets) and stores none of it. Names that are no field of the form are
// kept apart, as Extra, and mean nothing.
//
// Nothing visitors type appears in a message, an error or a name made here: a Problem speaks of the question.
//
// What leaves is sealed, each mailed address a message of its own. A form file says who else is told that something
// came, and whether the visitor is: such mails are not sealed, so nothing here hands an answer to them. The one
// exception is the address that a receipt goes to, which leaves as a SealedAddress and in no other way. A mail that the
// relay would refuse for its size is not sealed: it says TooLarge, or the submission is refused while its visitor waits.
//
// It refuses form files that ask for what this version cannot do, so that no setting is silently without effect, and
// those whose answers nobody could read. It keeps nothing: no database, no web, no key. Uploaded files are read through
// File.Open, piece by piece.
package forms

import "time"

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
	Notify   []Notify
	Webhooks []string // names of the operator's webhooks
	Receipt  *Receipt // nil: visitors get no mail
	Brand    Brand
	After    After
	Access   Access
	Limits   Limits
	Revision Revision
	Warnings Faults // what its file could say better; never an error

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

// Level says what an address gets. There is none that mails answers protected by TLS alone.
type Level string

// The levels.
const (
	PGP    Level = "pgp"    // the answers, as PGP/MIME
	SMIME  Level = "smime"  // the answers, as S/MIME
	Notice Level = "notice" // that something came, and a link to the staff pages
)

// Notify is one address that is told that something came, and never what: soon, or once a day. Whoever is to get both
// is there twice.
type Notify struct {
	Email  string
	When   Window  // of notices soon after something came
	Digest *Minute // once a day at that time, with the numbers of what came; nil: soon after it came
}

// Window is when notices may go out, in the clinic's zone. The zero Window is always.
type Window struct {
	Days     [7]bool // by time.Weekday; none set: every day
	From, To Minute  // both 0: all day; To is after From
}

// Minute is a time of day: minutes since midnight, up to 1440.
type Minute int

// Receipt is the mail that a visitor may get: the reference and the clinic's own fixed words, never an answer.
type Receipt struct {
	Field string // the e-mail field whose address it goes to
	Text  string // fixed; the lint refuses placeholders
}

// Brand is how the clinic shows itself on the form's pages.
type Brand struct{ Name, Accent string } // accent "#rrggbb", at least 4.5:1 on white; "" for ours

// After is what the receipt page says.
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

// Type is a field's type.
type Type string

// The types of field.
const (
	Text     Type = "text"
	LongText Type = "longtext"
	Name     Type = "name"
	Email    Type = "email"
	Phone    Type = "phone"
	Number   Type = "number"
	Date     Type = "date"
	YesNo    Type = "yesno"
	Choice   Type = "choice"
	Choices  Type = "choices"
	Consent  Type = "consent"
	FileType Type = "file"
)

var types = []string{
	string(Text), string(LongText), string(Name), string(Email), string(Phone), string(Number), string(Date),
	string(YesNo), string(Choice), string(Choices), string(Consent), string(FileType),
}

// Field is one question.
type Field struct {
	ID       string // [a-z][a-z0-9_]{0,63}
	Type     Type
	Section  string // a heading shown above this field; "" for none
	Label    string
	Hint     string
	Why      string // why a sensitive question is asked
	Optional bool
	Options  []Option // choice, choices; yesno has yes and no, consent has yes
	Text     string   // consent: what is agreed to
	Version  string   // consent: version of that text
	Accept   []string // file: extensions without the dot, lower case
	MaxFiles int      // file
	MaxSize  int64    // file: bytes of each
	Rules    []Rule   // of the table in rules.go, in the order they are checked

	Sensitive    bool
	Memorable    bool    // a date that people know by heart: their birthday
	Min, Max     *Amount // number: the range; text, longtext, name: characters
	Before       string  // date: "today" (wherever the visitor may be) or 2006-01-02, itself allowed
	After        string  // date: likewise
	Autocomplete string  // replaces the token of the type; "off" for answers about somebody else

	tests []compiled
}

// Option is one answer of a closed question: what is posted and what is read.
type Option struct{ Value, Label string }

// Amount is a bound as the form's author wrote it, such as "2.5".
type Amount string

// Parts are the names under which the field's controls are posted: one (the id), or id.day, id.month and id.year
// for a date.
func (f *Field) Parts() []string {
	if f.Type == Date {
		return []string{f.ID + ".day", f.ID + ".month", f.ID + ".year"}
	}
	return []string{f.ID}
}

// option gives the label of a value; ok is false if the question has no such answer.
func (f *Field) option(value string) (label string, ok bool) {
	for _, o := range f.Options {
		if o.Value == value {
			return o.Label, true
		}
	}
	return "", false
}

// slot is where a posted name belongs: the field's place in the form and the part's in the field.
type slot struct{ field, part int }

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

// Field gives the field of that id, or nil.
func (f *Form) Field(id string) *Field {
	for _, x := range f.Fields {
		if x.ID == id {
			return x
		}
	}
	return nil
}
