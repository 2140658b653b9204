package forms

import (
	"io"
)

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

// Entry is a visitor's post: order, duplicates and bytes as they came. Control names (leading "_") are
// taken out by intake before.
type Entry struct {
	Pairs []Pair
	Files []File
}

// Value gives the first value of that name, "" if there is none.
func (e *Entry) Value(name string) string {
	for _, p := range e.Pairs {
		if p.Name == name {
			return string(p.Value)
		}
	}
	return ""
}

// Values gives all values of that name, in the order they came.
func (e *Entry) Values(name string) []string {
	var out []string
	for _, p := range e.Pairs {
		if p.Name == name {
			out = append(out, string(p.Value))
		}
	}
	return out
}

// Problem is one refused answer. Code is required, incomplete, not_real, too_short, too_long, below_min, above_max,
// not_a_choice, bad_email, bad_phone, not_past, not_future, file_type, file_size, file_count, file_empty or
// unknown_field. Part is day, month or year where one box of a date is meant. Message never holds the value.
type Problem struct{ Field, Part, Code, Message string }

// Rejected can be shown to the visitor again; it cannot be sealed.
type Rejected struct {
	Entry    *Entry
	Problems []Problem // one per field, in field order
}

// Answers are checked and can be sealed. Only Form.Check makes them.
type Answers struct {
	form  *Form
	pairs []Pair
	files []File // in the order of the form's fields
}

// Form gives the form (of the revision) that was answered.
func (a *Answers) Form() *Form { return a.form }

// Files says how many files come with the answers.
func (a *Answers) Files() int { return len(a.files) }

// Disclose gives the readable answers, the posted pairs and files: their one exit. Its callers are listed in
// internal/rules. Files are in the order of the form's fields.
func (a *Answers) Disclose() (pairs []Pair, files []File) { return a.pairs, a.files }
