package record

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sealform/forms"
	"sealform/keys"
)

// Row is the store's row of a submission, to be compared with its record.
type Row struct {
	Service   string
	ID        int64
	Form      string
	Revision  forms.Revision
	Reference string
	Received  time.Time
	Readers   []keys.Fingerprint
	Files     int
}

// Reading is an opened submission as staff see it.
type Reading struct {
	Record  Record
	Answers []Answered // in the form's order, every question of the revision; Values empty: not provided
	Extra   []Answered // Field is nil
	Files   []ReadFile
}

// Answered is one question with its answers. For a file question the values are the files' names.
type Answered struct {
	Field  *forms.Field
	Label  string
	Values []ReadValue // options shown by label, dates as "27 March 1957"
}

// ReadValue is one answer as people read it: hidden characters stand as ‹U+202E›, bytes that are no text as ‹FF›.
type ReadValue struct {
	Text string
	Raw  bool // not valid UTF-8: shown with a mark
}

// ReadFile is one file as the record describes it. Name and Type are what the visitor's browser claimed.
type ReadFile struct {
	Field, Label, Name, Type string
	Size                     int64
	SHA256                   [32]byte
}

// Mismatch means that the record is genuine but not of this row (swapped, replayed, moved).
type Mismatch struct{ What []string } // "form", "id", "revision", …: names of properties, never values

func (m *Mismatch) Error() string {
	return "the record is of another submission: its " + strings.Join(m.What, ", ") + " differ"
}

// ErrRecord means that the plaintext holds no record of this version.
var ErrRecord = errors.New("no readable record")

// Read parses a verified plaintext and compares it with its row; *Mismatch if it is of another one. questions is the
// form of the row's revision.
func Read(p keys.Plaintext, questions *forms.Form, row Row) (*Reading, error) {
	r, err := ReadRecord(p)
	if err != nil {
		return nil, err
	}
	if questions.ID != row.Form || questions.Revision != row.Revision {
		return nil, forms.ErrRevision
	}
	if what := r.differs(row); len(what) > 0 {
		return nil, &Mismatch{what}
	}
	return r.reading(questions)
}

// differs names what the record and the row do not agree on.
func (r *Record) differs(row Row) []string {
	var what []string
	differ := func(name string, differs bool) {
		if differs {
			what = append(what, name)
		}
	}
	differ("kind", r.Kind != kindStore)
	differ("service", r.Service != row.Service)
	differ("form", r.Form != row.Form)
	differ("id", r.ID != decimal(row.ID))
	differ("revision", r.Revision != row.Revision.String())
	differ("reference", r.Reference != row.Reference)
	differ("received", r.Received != stamp(row.Received))
	differ("readers", !sameReaders(r.Readers, row.Readers))
	differ("files", len(r.Files) != row.Files)
	return what
}

func sameReaders(a, b []keys.Fingerprint) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// reading lays the answers beside the questions.
func (r *Record) reading(questions *forms.Form) (*Reading, error) {
	out := &Reading{Record: *r}
	values := make([][3][][]byte, len(questions.Fields))
	for _, a := range r.Answers {
		posted, err := a.bytes()
		if err != nil {
			return nil, err
		}
		field, part, ours := questions.Control(a.Field)
		if !ours {
			out.Extra = append(out.Extra, extra(a, posted))
			continue
		}
		values[field][part] = append(values[field][part], posted...)
	}
	for _, a := range r.Extra {
		posted, err := a.bytes()
		if err != nil {
			return nil, err
		}
		out.Extra = append(out.Extra, extra(a, posted))
	}
	if err := out.readFiles(r, questions); err != nil {
		return nil, err
	}
	for i, f := range questions.Fields {
		out.Answers = append(out.Answers, Answered{f, f.Label, shown(f, values[i])})
		if f.Type == forms.FileType {
			out.Answers[i].Values = out.names(f.ID)
		}
	}
	return out, nil
}

func extra(a RecordAnswer, values [][]byte) Answered {
	name, _ := visible(a.name())
	out := Answered{Label: name}
	for _, v := range values {
		text, raw := visible(v)
		out.Values = append(out.Values, ReadValue{text, raw})
	}
	return out
}

func (o *Reading) readFiles(r *Record, questions *forms.Form) error {
	for _, f := range r.Files {
		sum, err := hex.DecodeString(f.SHA256)
		if err != nil || len(sum) != 32 || f.Size < 0 {
			return fmt.Errorf("reading the record's files: %w", ErrRecord)
		}
		x := ReadFile{Field: f.Field, Size: f.Size, SHA256: [32]byte(sum)}
		x.Name, _ = visible(orB64(f.Name, f.NameB64))
		x.Type, _ = visible(orB64(f.Type, f.TypeB64))
		if q := questions.Field(f.Field); q != nil {
			x.Label = q.Label
		}
		o.Files = append(o.Files, x)
	}
	return nil
}

func (o *Reading) names(field string) []ReadValue {
	var out []ReadValue
	for _, f := range o.Files {
		if f.Field == field {
			out = append(out, ReadValue{Text: f.Name})
		}
	}
	return out
}

func (a *RecordAnswer) name() []byte { return orB64(a.Field, a.B64) }

// DownloadName is the visitor's name for the file, made safe.
func (f *RecordFile) DownloadName() string { return DownloadName(string(orB64(f.Name, f.NameB64))) }

func orB64(s, b64 string) []byte {
	if b64 == "" {
		return []byte(s)
	}
	b, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return []byte(s)
	}
	return b
}

// bytes gives the values exactly as they were posted.
func (a *RecordAnswer) bytes() ([][]byte, error) {
	out := make([][]byte, len(a.Values))
	for i, raw := range a.Values {
		b, err := valueBytes(raw)
		if err != nil {
			return nil, fmt.Errorf("reading the record's answers: %w", ErrRecord) // the cause may quote an answer
		}
		out[i] = b
	}
	return out, nil
}

func valueBytes(raw json.RawMessage) ([]byte, error) {
	if coded, ok := bytes.CutPrefix(raw, []byte(`{"b64":"`)); ok {
		return base64.StdEncoding.AppendDecode(nil, bytes.TrimSuffix(coded, []byte(`"}`)))
	}
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return nil, ErrRecord
	}
	return []byte(*s), nil
}
