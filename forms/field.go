package forms

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

// Field is one question. Its JSON, in this order, is its part of the canonical questions whose hash is a Revision.
type Field struct {
	ID           string   `json:"id"` // [a-z][a-z0-9_]{0,63}
	Type         Type     `json:"type"`
	Section      string   `json:"section,omitempty"` // a heading shown above this field; "" for none
	Label        string   `json:"label"`
	Hint         string   `json:"hint,omitempty"`
	Why          string   `json:"why,omitempty"` // why a sensitive question is asked
	Optional     bool     `json:"optional,omitempty"`
	Sensitive    bool     `json:"sensitive,omitempty"`
	Options      []Option `json:"options,omitempty"`      // choice, choices; yesno has yes and no, consent has yes
	Text         string   `json:"text,omitempty"`         // consent: what is agreed to
	Version      string   `json:"version,omitempty"`      // consent: version of that text
	Accept       []string `json:"accept,omitempty"`       // file: extensions without the dot, lower case
	MaxFiles     int      `json:"max_files,omitempty"`    // file
	MaxSize      int64    `json:"max_size,omitempty"`     // file: bytes of each
	Memorable    bool     `json:"memorable,omitempty"`    // a date that people know by heart: their birthday
	Min          *Amount  `json:"min,omitempty"`          // number: the least; text, longtext, name: characters
	Max          *Amount  `json:"max,omitempty"`          // number: the most; text, longtext, name: characters
	Before       string   `json:"before,omitempty"`       // date: "today" (wherever the visitor may be) or 2006-01-02, itself allowed
	After        string   `json:"after,omitempty"`        // date: likewise
	Autocomplete string   `json:"autocomplete,omitempty"` // replaces the token of the type; "off" for answers about somebody else
	Rules        []Rule   `json:"rules"`                  // of the table in rules.go, in the order they are checked

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

// OptionLabel gives the label of a value; ok is false if the question has no such answer.
func (f *Field) OptionLabel(value string) (label string, ok bool) {
	for _, o := range f.Options {
		if o.Value == value {
			return o.Label, true
		}
	}
	return "", false
}
