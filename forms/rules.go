package forms

import (
	"fmt"
	"time"
)

// Rule is a row of the rules table applied to a field. What it checks, which HTML attributes it puts on the control
// and what it says when it is broken all stand in its row, and nowhere else.
type Rule struct{ Name, Arg string }

// Attr is an HTML attribute of a control.
type Attr struct{ Name, Value string }

// given is one field's answer, tidied: space around values is gone, blank values too.
type given struct {
	values []string
	parts  [3]string // of a date: day, month, year
	files  []File
}

func (g *given) blank() bool {
	return len(g.values) == 0 && g.parts == [3]string{} && len(g.files) == 0
}

// broken says how an answer breaks a rule. The zero value: it does not.
type broken struct {
	code string
	part string // "day", "month", "year" of a date
	nth  int    // which of several files, from 1
}

// test looks at one answer; now bounds dates.
type test func(g *given, now time.Time) broken

type compiled struct {
	rule Rule
	test test
	row  *row
}

// row is one line of the table. Each of its columns may be nil.
type row struct {
	compile func(f *Field, arg string) (test, error)
	attrs   func(f *Field, arg, part string) []Attr
	say     func(f *Field, arg string, b broken) string
}

// table is the one place where rules live. Messages use the question's own words and say what to do.
var table = map[string]*row{
	"required": {testRequired, nil, sayRequired},

	"text":     {nil, attrsNext, nil},
	"longtext": {nil, nil, nil},
	"name":     {nil, fixed("autocomplete", "name", "spellcheck", "false", "autocapitalize", "words", "enterkeyhint", "next"), nil},
	"email": {
		testEmail, fixed("autocomplete", "email", "inputmode", "email", "spellcheck", "false", "autocapitalize", "none", "enterkeyhint", "next"),
		says("Check “%s”: an email address looks like name@example.com"),
	},
	"phone": {
		testPhone, fixed("autocomplete", "tel", "inputmode", "tel", "enterkeyhint", "next"),
		says("Check “%s”: write a phone number of 7 to 15 digits, such as 555-0142"),
	},
	"number": {testNumber, attrsNumber, says("Write “%s” as a number, such as 12 or 12.5")},
	"date":   {testDate, attrsDate, sayDate},

	"min_length": {testLength("too_short", func(v string, n int) bool { return length(v) >= n }), nil, sayMinLength},
	"max_length": {testLength("too_long", func(v string, n int) bool { return len(v) <= n || length(v) <= n }), attrsMaxLength, sayMaxLength},
	"min":        {testRange("below_min", func(n, bound float64) bool { return n >= bound }), nil, saysRange("more")},
	"max":        {testRange("above_max", func(n, bound float64) bool { return n <= bound }), nil, saysRange("less")},
	"before":     {testBefore, nil, saysBound("not be in the future", "earlier")},
	"after":      {testAfter, nil, saysBound("be today or a later date", "later")},

	"one_of":  {testOneOf, nil, says("Choose one of the answers to “%s”")},
	"some_of": {testSomeOf, nil, says("Choose from the answers to “%s”")},

	"accept":    {eachFile("file_type", accepted), attrsAccept, sayAccept},
	"max_size":  {eachFile("file_size", func(f *Field, x *File) bool { return x.Size <= f.MaxSize }), nil, sayMaxSize},
	"not_empty": {eachFile("file_empty", func(_ *Field, x *File) bool { return x.Size > 0 }), nil, saysFile(" is empty. Choose it again, or choose another")},
	"not_sealed": {
		eachFile("file_type", func(_ *Field, x *File) bool { return !x.sealedItself() }), nil,
		saysFile(" is the record of a form itself. Put it into a ZIP file, or send a picture of it"),
	},
	"max_files": {testMaxFiles, attrsMaxFiles, sayMaxFiles},
}

// says is a message that names the question.
func says(format string) func(*Field, string, broken) string {
	return func(f *Field, _ string, _ broken) string { return fmt.Sprintf(format, f.Label) }
}

func fixed(pairs ...string) func(*Field, string, string) []Attr {
	attrs := make([]Attr, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		attrs = append(attrs, Attr{pairs[i], pairs[i+1]})
	}
	return func(*Field, string, string) []Attr { return attrs }
}

var attrsNext = fixed("enterkeyhint", "next")

// Attrs are the HTML attributes of the field's control, or of one part of a date ("day" or "birth.day"): never
// "required", never style, never type, name or value.
func (f *Field) Attrs(part string) []Attr {
	var out []Attr
	for _, c := range f.tests {
		if c.row.attrs != nil {
			out = append(out, c.row.attrs(f, c.rule.Arg, part)...)
		}
	}
	if f.Autocomplete == "" {
		return out
	}
	for i := range out {
		if out[i].Name == "autocomplete" {
			out[i].Value = f.Autocomplete
			return out
		}
	}
	return append(out, Attr{"autocomplete", f.Autocomplete})
}

// compile readies the field's rules. A rule that does not exist, or an argument its row cannot read, is an error
// here, at load, and never later: the validator behind some rows panics on a tag it does not know.
func (f *Field) compile() (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("a rule of field %s does not compile", f.ID)
		}
	}()
	f.tests = make([]compiled, 0, len(f.Rules))
	for _, r := range f.Rules {
		row, ok := table[r.Name]
		if !ok {
			return fmt.Errorf("field %s has an unknown rule", f.ID)
		}
		c := compiled{rule: r, row: row}
		if row.compile != nil {
			if c.test, err = row.compile(f, r.Arg); err != nil {
				return err
			}
		}
		f.tests = append(f.tests, c)
	}
	return nil
}

// check gives the first problem of an answer, most basic cause first.
func (f *Field) check(g *given, now time.Time) (Problem, bool) {
	if f.Optional && g.blank() {
		return Problem{}, false
	}
	for i := range f.tests {
		c := &f.tests[i]
		if c.test == nil {
			continue
		}
		if b := c.test(g, now); b.code != "" {
			return Problem{f.ID, b.part, b.code, c.row.say(f, c.rule.Arg, b)}, true
		}
	}
	return Problem{}, false
}

// each applies a test to every value.
func each(code string, good func(string) bool) test {
	return func(g *given, _ time.Time) broken {
		for _, v := range g.values {
			if !good(v) {
				return broken{code: code}
			}
		}
		return broken{}
	}
}
