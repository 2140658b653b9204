package public

import (
	"slices"
	"strconv"
	"strings"

	"sealform/forms"
	"sealform/internal/text"
)

// question is one field as it is shown. Ids of controls are the posted names, ids of everything else on the
// page hold a dash, which no field's id has.
type question struct {
	*forms.Field
	Shape    string // which block of form_question.html draws it: line area date rows tick file
	Heading  string // a section's name, above its first question
	Wrong    string // the problem's message, or ""
	Controls []control
	Again    []string // names of files that were chosen before and must be chosen once more
	Limits   string   // what files may be, in words
	Receipt  bool     // whether a mail with the reference goes to this address
}

// control is one input.
type control struct {
	ID, Name, Type, Label, Value string
	Part                         string // day, month or year of a date
	Attrs                        []forms.Attr
	Checked, Wrong               bool
}

// shapes are the blocks of form_question.html by type of field; a type that is not here is a line of text.
var shapes = map[forms.Type]string{
	forms.LongText: "area", forms.Date: "date", forms.YesNo: "rows", forms.Choice: "rows", forms.Choices: "rows",
	forms.Consent: "tick", forms.FileType: "file",
}

// inputTypes are the types of input that are not "text": they choose the keyboard of a phone.
var inputTypes = map[forms.Type]string{forms.Email: "email", forms.Phone: "tel"}

// questions lays what was typed, and what is wrong with it, beside the fields. Files have to be chosen again: no browser fills
// in a file, so their names are told.
func questions(p FormPage) []question {
	entry := p.Entry
	if entry == nil {
		entry = &forms.Entry{}
	}
	list := make([]question, 0, len(p.Form.Fields))
	for _, f := range p.Form.Fields {
		q := question{Field: f, Heading: f.Section, Shape: shapes[f.Type]}
		if q.Shape == "" {
			q.Shape = "line"
		}
		wrongPart := ""
		if i := slices.IndexFunc(p.Problems, func(x forms.Problem) bool { return x.Field == f.ID }); i >= 0 {
			q.Wrong, wrongPart = p.Problems[i].Message, p.Problems[i].Part
		}
		q.Controls = controls(q, entry, wrongPart)
		if q.Shape == "file" {
			q.Limits = fileLimits(f, p.together())
			for _, file := range entry.Files {
				if file.Field == f.ID && file.Name != "" {
					q.Again = append(q.Again, legible(file.Name))
				}
			}
		}
		q.Receipt = p.Form.Receipt != nil && p.Form.Receipt.Field == f.ID && f.Type == forms.Email
		list = append(list, q)
	}
	return list
}

// controls are the inputs of a question: one, the three boxes of a date, or a row for each option. Of a date only the box that
// is to blame is marked wrong, or all where none is.
func controls(q question, e *forms.Entry, wrongPart string) []control {
	if q.Shape == "rows" || q.Shape == "tick" {
		return rows(q, e)
	}
	parts := q.Parts()
	list := make([]control, 0, len(parts))
	for _, part := range parts {
		name := part[strings.LastIndexByte(part, '.')+1:]
		c := control{ID: part, Name: part, Part: name, Type: "text", Value: legible(e.Value(part)), Attrs: q.Attrs(name)}
		c.Wrong = q.Wrong != "" && (wrongPart == "" || wrongPart == name)
		if t := inputTypes[q.Type]; t != "" {
			c.Type = t
		}
		if q.Shape == "date" {
			c.Label = strings.ToUpper(name[:1]) + name[1:]
		}
		list = append(list, c)
	}
	return list
}

// rows are the answers to choose from. The first one carries the field's own id: an error links to it.
func rows(q question, e *forms.Entry) []control {
	kind := "radio"
	if q.Type == forms.Choices || q.Type == forms.Consent {
		kind = "checkbox"
	}
	given := e.Values(q.ID)
	list := make([]control, 0, len(q.Options))
	for i, o := range q.Options {
		id := q.ID
		if i > 0 {
			id += "-" + strconv.Itoa(i+1)
		}
		list = append(list, control{ID: id, Name: q.ID, Type: kind, Label: o.Label, Value: o.Value, Checked: slices.Contains(given, o.Value), Wrong: q.Wrong != ""})
	}
	return list
}

// First is the control that an error links to: the first wrong one.
func (q question) First() string {
	for _, c := range q.Controls {
		if c.Wrong {
			return c.ID
		}
	}
	return q.ID
}

// Described lists the ids of the texts that belong to the question's controls.
func (q question) Described() string {
	var ids []string
	for _, part := range []struct {
		there bool
		name  string
	}{
		{q.Hint != "", "hint"},
		{q.Why != "", "why"},
		{q.Limits != "", "limits"},
		{q.Receipt, "receipt"},
		{len(q.Again) > 0, "again"},
		{q.Wrong != "", "error"},
	} {
		if part.there {
			ids = append(ids, q.ID+"-"+part.name)
		}
	}
	return strings.Join(ids, " ")
}

// legible makes text of bytes that may be none.
func legible(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// together is the most that all files may come to, 0 where it need not be said: they cannot come to more.
func (p FormPage) together() int64 {
	var offered int64
	for _, f := range p.Form.Fields {
		if f.Type == forms.FileType {
			offered += int64(f.MaxFiles) * f.MaxSize
		}
	}
	if offered <= p.Uploads {
		return 0
	}
	return p.Uploads
}

// fileLimits puts the limits of files in words: "JPG, PNG or PDF, up to 8 MB each, at most 2 files". Where all files together
// may come to less than that (0: they may not), it says that too: "up to 12 MB in all".
func fileLimits(f *forms.Field, together int64) string {
	var parts []string
	if len(f.Accept) > 0 {
		kinds := strings.Fields(strings.ToUpper(strings.Join(f.Accept, " ")))
		parts = append(parts, text.List(kinds, "or"))
	}
	if f.MaxSize > 0 && (together == 0 || f.MaxSize < together) {
		size := "up to " + text.Size(f.MaxSize)
		if f.MaxFiles != 1 {
			size += " each"
		}
		parts = append(parts, size)
	}
	if f.MaxFiles > 1 {
		parts = append(parts, "at most "+text.Count(f.MaxFiles, "file"))
	}
	if together > 0 {
		parts = append(parts, "up to "+text.Size(together)+" in all")
	}
	s := strings.Join(parts, ", ")
	if s != "" {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}
