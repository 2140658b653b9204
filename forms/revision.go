package forms

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// String is the revision in hex.
func (r Revision) String() string { return hex.EncodeToString(r[:]) }

// questions is the canonical form of what visitors are asked: the members below in this order, no spaces. What is
// empty is left out, so that a setting added later leaves old revisions as they are.
type questions struct {
	Version int        `json:"v"`
	Title   string     `json:"title"`
	Fields  []question `json:"fields"`
}

type question struct {
	ID           string      `json:"id"`
	Type         Type        `json:"type"`
	Section      string      `json:"section,omitempty"`
	Label        string      `json:"label"`
	Hint         string      `json:"hint,omitempty"`
	Why          string      `json:"why,omitempty"`
	Optional     bool        `json:"optional,omitempty"`
	Sensitive    bool        `json:"sensitive,omitempty"`
	Options      [][2]string `json:"options,omitempty"`
	Text         string      `json:"text,omitempty"`
	Version      string      `json:"version,omitempty"`
	Accept       []string    `json:"accept,omitempty"`
	MaxFiles     int         `json:"max_files,omitempty"`
	MaxSize      int64       `json:"max_size,omitempty"`
	Memorable    bool        `json:"memorable,omitempty"`
	Min          *Amount     `json:"min,omitempty"`
	Max          *Amount     `json:"max,omitempty"`
	Before       string      `json:"before,omitempty"`
	After        string      `json:"after,omitempty"`
	Autocomplete string      `json:"autocomplete,omitempty"`
	Rules        [][2]string `json:"rules"`
}

// revise sets the revision from the questions.
func (f *Form) revise() error {
	q := questions{Version: 1, Title: f.Title}
	for _, x := range f.Fields {
		q.Fields = append(q.Fields, x.question())
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(q); err != nil {
		return fmt.Errorf("writing the questions: %w", err)
	}
	f.questions = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	f.Revision = sha256.Sum256(f.questions)
	return nil
}

func (f *Field) question() question {
	q := question{
		ID: f.ID, Type: f.Type, Section: f.Section, Label: f.Label, Hint: f.Hint, Why: f.Why,
		Optional: f.Optional, Sensitive: f.Sensitive, Text: f.Text, Version: f.Version,
		Accept: f.Accept, MaxFiles: f.MaxFiles, MaxSize: f.MaxSize, Memorable: f.Memorable,
		Min: f.Min, Max: f.Max, Before: f.Before, After: f.After, Autocomplete: f.Autocomplete,
	}
	for _, o := range f.Options {
		q.Options = append(q.Options, [2]string{o.Value, o.Label})
	}
	for _, r := range f.Rules {
		q.Rules = append(q.Rules, [2]string{r.Name, r.Arg})
	}
	return q
}

func (q *question) field() *Field {
	f := &Field{
		ID: q.ID, Type: q.Type, Section: q.Section, Label: q.Label, Hint: q.Hint, Why: q.Why,
		Optional: q.Optional, Sensitive: q.Sensitive, Text: q.Text, Version: q.Version,
		Accept: q.Accept, MaxFiles: q.MaxFiles, MaxSize: q.MaxSize, Memorable: q.Memorable,
		Min: q.Min, Max: q.Max, Before: q.Before, After: q.After, Autocomplete: q.Autocomplete,
	}
	for _, o := range q.Options {
		f.Options = append(f.Options, Option{o[0], o[1]})
	}
	for _, r := range q.Rules {
		f.Rules = append(f.Rules, Rule{r[0], r[1]})
	}
	return f
}

// Questions gives the canonical JSON of the questions, kept with each revision.
func (f *Form) Questions() []byte { return bytes.Clone(f.questions) }

// ErrRevision: kept questions are not those of the revision they stand under.
var ErrRevision = errors.New("the questions do not belong to this revision")

// ParseQuestions reads Questions back into a Form that has only its id, title and questions. Bytes whose SHA-256 is
// not want are ErrRevision.
func ParseQuestions(id string, b []byte, want Revision) (*Form, error) {
	if sha256.Sum256(b) != want {
		return nil, ErrRevision
	}
	var q questions
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return nil, fmt.Errorf("reading the questions: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || q.Version != 1 {
		return nil, errors.New("reading the questions: made by another version of Sealform")
	}
	f := &Form{ID: id, Title: q.Title, Limits: Limits{DefaultUpload}, Revision: want, questions: bytes.Clone(b)}
	for i := range q.Fields {
		x := q.Fields[i].field()
		if err := x.compile(); err != nil {
			return nil, fmt.Errorf("reading the questions: %w", err)
		}
		f.Fields = append(f.Fields, x)
	}
	f.index()
	return f, nil
}
