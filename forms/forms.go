package forms

import (
	"encoding/json"
	"errors"
	"io"
	"time"

	"sealform/keys"
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
	Brand    Brand
	After    After
	Access   Access
	Limits   Limits
	Revision Revision
}

type StoreDelivery struct{ Keep time.Duration } // 0: kept until deleted
type MailDelivery struct{ To []string }         // strict addr-specs, sealed to the form's readers
type Brand struct{ Name, Accent string }
type After struct{ Title, Text string }
type Access struct {
	Closed            bool
	MessageWhenClosed string
}
type Limits struct{ TotalUpload int64 } // bytes, 25 MiB unless told, at most 100 MiB

// Revision is the SHA-256 of the canonical parsed questions.
type Revision [32]byte

// Type is a field's type: text longtext name email phone number date yesno choice choices consent file.
type Type string

// Field is one question.
type Field struct {
	ID       string // [a-z][a-z0-9_]{0,63}
	Type     Type
	Section  string // a heading shown above this field; "" for none
	Label    string
	Hint     string
	Why      string
	Optional bool
	Options  []Option
	Text     string // consent: what is agreed to
	Version  string // consent: version of that text
	Accept   []string
	MaxFiles int
	MaxSize  int64
	Rules    []Rule // of rules.go, in order
	// … further parsed settings (min, max, before, after, memorable, pattern of autocomplete …) are forms' own
}

type Option struct{ Value, Label string }

// Rule is a row of the rules table applied to a field: check, HTML attributes and message live there.
type Rule struct{ Name, Arg string }

// Attrs are the HTML attributes of the field's control (autocomplete, inputmode, spellcheck, maxlength, accept, …):
// never "required", never inline style. For dates: one set per Part.
func (f *Field) Attrs(part string) []Attr { panic("contract") }

type Attr struct{ Name, Value string }

// Parts are the posted names of the field's controls: one (the id), or id.day, id.month, id.year for a date.
func (f *Field) Parts() []string { panic("contract") }

// Parse reads one form file. All faults together as Faults (an error).
func Parse(file string, src []byte) (*Form, error) { panic("contract") }

// ParseAll reads many; faults across all of them together, sorted. Also duplicate ids across files.
func ParseAll(files map[string][]byte) ([]*Form, error) { panic("contract") }

// Fault is one thing wrong in a form file, with its place and its mend.
type Fault struct {
	File         string
	Line, Column int
	Message      string
	Excerpt      string // the offending line
	Width        int    // how many characters the mark covers
	Mend         string
	Warning      bool
}
type Faults []Fault

func (f Faults) Error() string { panic("contract") } // as experience.md §2 shows, with excerpts and a closing count

// Questions gives the canonical JSON of the questions, kept with each revision; ParseQuestions reads it
// back into a Form that has only its questions, and checks the hash.
func (f *Form) Questions() []byte                                      { panic("contract") }
func ParseQuestions(id string, b []byte, want Revision) (*Form, error) { panic("contract") }

// Pair is one posted name and value, exact bytes.
type Pair struct {
	Name  string
	Value []byte
}

// File is one uploaded file, sealed in the spool; Open decrypts it again.
type File struct {
	Field  string
	Name   string // as the browser sent it, exact
	Type   string // as the browser sent it: a claim
	Size   int64
	SHA256 [32]byte
	Open   func() (io.ReadCloser, error)
}

// Entry is what a visitor typed: order, duplicates and bytes as they came. Control names (leading "_") are
// taken out by intake before.
type Entry struct {
	Pairs []Pair
	Files []File
}

func (e *Entry) Value(name string) string    { panic("contract") } // first, "" if none
func (e *Entry) Values(name string) []string { panic("contract") }

// Problem is one refused answer. Code is one of experience.md §1d's field codes. Message never holds the value.
type Problem struct{ Field, Part, Code, Message string }

// Rejected can be shown to the visitor again; it cannot be sealed.
type Rejected struct {
	Entry    *Entry
	Problems []Problem // one per field, in field order
}

// Check turns an entry into Answers or says what must be mended. now bounds dates.
func (f *Form) Check(e *Entry, now time.Time) (*Answers, *Rejected) { panic("contract") }

// Answers are checked and can be sealed.
type Answers struct{}

func (a *Answers) Form() *Form { panic("contract") }

// ContentMAC is HMAC-SHA256(nonce, canonical answers and file hashes).
func (a *Answers) ContentMAC(nonce []byte) [32]byte { panic("contract") }

// Plan is everything the record names beside the answers.
type Plan struct {
	Service    string // service id
	ID         int64
	Reference  string // "R7K-4Q2"
	Received   time.Time
	Lang       string // "en"
	Path       string // "page"
	Follows    string // reference of the submission this one corrects, or ""
	Roster     int64  // 0 until the roster is built
	Recipients *keys.Recipients
	Signer     *keys.Signer
	Token      [16]byte // MAC of the page token's nonce: what the store compares on a repeat
	Content    [32]byte // ContentMAC
	Deliver    *Form    // whose Store and Mail apply (the current form; the answers may be of an older revision)
}

// Seal completes the record(s), pads (Padmé, ≤ 12 %), builds the MIME entities and seals them.
func (a *Answers) Seal(p Plan) (*Submission, error) { panic("contract") }

// Submission is sealed: nothing in it can be read without a reader's key.
type Submission struct {
	ID        int64
	Form      string
	Revision  Revision
	Reference string
	Received  time.Time
	Token     [16]byte
	Content   [32]byte
	Stored    bool                // false: mail only; Answers and Files are then empty
	Answers   keys.Sealed         // text and record, one signed message
	Files     []keys.SealedStream // each its own signed message, in the record's order
	Mails     []Mail
}

// Mail is one PGP/MIME message waiting to go out: the sealed inner entity and its envelope.
type Mail struct {
	To        []string
	MessageID string // without angle brackets; stable over retries
	Body      keys.SealedStream
}

// Kept says what the drop made of a submission.
type Kept struct {
	Reference string
	Received  time.Time
	Repeat    bool // the same token with the same content came before; this is the first one's receipt
}

// What a drop may answer instead of Kept. The desk decides on them.
var (
	ErrIDTaken        = errors.New("id taken by another submission")   // other token: draw a new id, seal again
	ErrReferenceTaken = errors.New("reference taken")                  // draw a new one, seal again
	ErrUnknown        = errors.New("whether it was kept is not known") // 503, retry with the same token
	ErrFull           = errors.New("no room to keep a submission")     // 503
)

// ErrReused: the same token came before with other content. The desk seals again as a follow-up.
type ErrReused struct{ Reference string }

func (e *ErrReused) Error() string { return "token used before for other answers" }

// Record is what stands in the application/json part (README decision 5).
type Record struct {
	Version   int                `json:"sealform"` // 1
	Kind      string             `json:"kind"`     // "store" or "mail"
	Service   string             `json:"service"`
	Form      string             `json:"form"`
	Revision  string             `json:"revision"` // hex
	ID        string             `json:"id"`       // decimal
	Reference string             `json:"reference"`
	Received  string             `json:"received"` // RFC 3339, UTC
	Lang      string             `json:"lang"`
	Path      string             `json:"path"`
	Follows   string             `json:"follows,omitempty"`
	Roster    int64              `json:"roster"`
	Readers   []keys.Fingerprint `json:"readers"`
	Signer    keys.Fingerprint   `json:"signer"`
	Answers   []RecordAnswer     `json:"answers"`
	Extra     []RecordAnswer     `json:"extra,omitempty"` // posted names that are no field of the form
	Files     []RecordFile       `json:"files"`
	Padding   string             `json:"padding"`
}
type RecordAnswer struct {
	Field  string            `json:"field"`
	Values []json.RawMessage `json:"values"` // a string, or {"b64": …} where the bytes are not valid UTF-8
}
type RecordFile struct {
	Field, Name, Type, SHA256 string
	Size                      int64
}

// Row is what the store says about a submission, to hold against its record.
type Row struct {
	Service   string
	ID        int64
	Form      string
	Revision  Revision
	Reference string
	Received  time.Time
	Readers   []keys.Fingerprint
	Files     int
}

// Reading is what staff see.
type Reading struct {
	Record  Record
	Answers []Answered // in the form's order, every question of the revision; Values empty: not provided
	Extra   []Answered
	Files   []ReadFile
}
type Answered struct {
	Field  *Field
	Label  string
	Values []ReadValue // options shown by label, dates as "27 March 1957"
}
type ReadValue struct {
	Text string
	Raw  bool // not valid UTF-8: shown with a mark
}
type ReadFile struct {
	Field, Label, Name, Type string
	Size                     int64
	SHA256                   [32]byte
}

// Mismatch: the record is genuine but not of this row (swapped, replayed, moved).
type Mismatch struct{ What []string } // "form", "id", "revision", …: names of properties, never values

func (m *Mismatch) Error() string { panic("contract") }

// Read parses a verified plaintext and compares it with its row. questions is the form of the row's revision.
func Read(p keys.Plaintext, questions *Form, row Row) (*Reading, error) { panic("contract") }

// DownloadName makes a safe name for Content-Disposition: ≤ 150 bytes, no controls, no bidi, no path, no leading dot or dash.
func DownloadName(name string) string { panic("contract") }

// NewReference draws "R7K-4Q2": six of Crockford's base32 digits.
func NewReference(random io.Reader) (string, error) { panic("contract") }
