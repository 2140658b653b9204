package forms

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// String is the revision in hex.
func (r Revision) String() string { return hex.EncodeToString(r[:]) }

// questions is the canonical form of what visitors are asked: the members below in this order, no spaces. What is
// empty is left out, so that a setting added later leaves old revisions as they are.
type questions struct {
	Version int      `json:"v"`
	Title   string   `json:"title"`
	Fields  []*Field `json:"fields"`
}

// revise sets the revision from the questions.
func (f *Form) revise() (err error) {
	f.questions, err = canonical(questions{1, f.Title, f.Fields})
	f.Revision = sha256.Sum256(f.questions)
	return err
}

// canonical is JSON without spaces in which <, > and & stand for themselves.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("writing the questions: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// MarshalJSON writes the pair ["value","label"].
func (o Option) MarshalJSON() ([]byte, error) { return canonical([2]string{o.Value, o.Label}) }

// UnmarshalJSON reads the pair ["value","label"].
func (o *Option) UnmarshalJSON(b []byte) error { return readPair(b, &o.Value, &o.Label) }

// MarshalJSON writes the pair ["name","argument"].
func (r Rule) MarshalJSON() ([]byte, error) { return canonical([2]string{r.Name, r.Arg}) }

// UnmarshalJSON reads the pair ["name","argument"].
func (r *Rule) UnmarshalJSON(b []byte) error { return readPair(b, &r.Name, &r.Arg) }

func readPair(b []byte, first, second *string) error {
	var pair [2]string
	err := json.Unmarshal(b, &pair)
	*first, *second = pair[0], pair[1]
	return err //nolint:wrapcheck // ParseQuestions does
}

// Questions gives the canonical JSON of the questions, kept with each revision.
func (f *Form) Questions() []byte { return bytes.Clone(f.questions) }

// ErrRevision means that kept questions are not those of the revision they stand under.
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
	if _, err := d.Token(); !errors.Is(err, io.EOF) || q.Version != 1 || slices.Contains(q.Fields, nil) {
		return nil, errors.New("reading the questions: made by another version of Sealform")
	}
	f := &Form{ID: id, Title: q.Title, Fields: q.Fields, Limits: Limits{DefaultUpload}, Revision: want, questions: bytes.Clone(b)}
	for _, x := range f.Fields {
		if err := x.compile(); err != nil {
			return nil, fmt.Errorf("reading the questions: %w", err)
		}
	}
	f.index()
	return f, nil
}
