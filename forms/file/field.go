package file

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"sealform/forms"
	"sealform/internal/text"
	"sealform/internal/yamltree"
)

var (
	fieldID     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	optionValue = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} _.,'/+()-]*$`) // and at most 100 characters: counted here, the expression would take megabytes
)

// mostOption is how many characters the value of an option may have.
const mostOption = 100

// reservedIDs would hide what browsers keep under the same name on a form, or are names of ours.
var reservedIDs = []string{
	"action", "elements", "enctype", "form", "length", "method", "reset", "revision", "submit", "target", "token",
}

// types are the names of the field types, as files write them.
var types = []string{
	string(forms.Text), string(forms.LongText), string(forms.Name), string(forms.Email), string(forms.Phone), string(forms.Number), string(forms.Date),
	string(forms.YesNo), string(forms.Choice), string(forms.Choices), string(forms.Consent), string(forms.FileType),
}

// onlyFor lists the settings that belong to some types only.
var onlyFor = []struct {
	key   string
	types []forms.Type
	only  string
}{
	{"min", []forms.Type{forms.Text, forms.LongText, forms.Name, forms.Number}, "number and text"},
	{"max", []forms.Type{forms.Text, forms.LongText, forms.Name, forms.Number}, "number and text"},
	{"before", []forms.Type{forms.Date}, "date"},
	{"after", []forms.Type{forms.Date}, "date"},
	{"memorable", []forms.Type{forms.Date}, "date"},
	{"options", []forms.Type{forms.Choice, forms.Choices}, "choice and choices"},
	{"text", []forms.Type{forms.Consent}, "consent"},
	{"version", []forms.Type{forms.Consent}, "consent"},
	{"accept", []forms.Type{forms.FileType}, "file"},
	{"max_files", []forms.Type{forms.FileType}, "file"},
	{"max_size", []forms.Type{forms.FileType}, "file"},
	{"autocomplete", []forms.Type{forms.Text, forms.Name, forms.Email, forms.Phone, forms.Number, forms.Date}, "text, name, email, phone, number and date"},
}

// readFields reads the questions, then holds them together: ids, lints, and whether one post can carry the answers.
func readFields(f *forms.Form, m *yamltree.Mapping) {
	m.Need("fields", "List the questions: fields:, then - id: …")
	list := m.Mappings("fields")
	if m.Has("fields") && len(list) == 0 {
		m.Fault("fields", `"fields" holds no question`, "List at least one: - { id: full_name, type: name, label: Full name }")
	}
	if len(list) > maxFields {
		m.Fault("fields", fmt.Sprintf("more than %d questions", maxFields), "Make two forms of it.")
		return
	}
	seen := map[string]bool{}
	for _, x := range list {
		field := readField(x)
		if field.ID != "" && seen[field.ID] {
			x.Fault("id", fmt.Sprintf("two fields are called %q", field.ID), "Each id must be its own.")
		}
		seen[field.ID] = true
		f.Fields = append(f.Fields, field)
	}
	lint(m, list, f.Fields)
	checkSendable(f, list)
	checkUploads(f, m, list)
}

// readField reads one question. Its faults name the field once its id is known.
func readField(m *yamltree.Mapping) *forms.Field {
	f := &forms.Field{ID: m.Text("id")}
	if f.ID != "" {
		m.In(fmt.Sprintf("field %q", f.ID))
	}
	m.Need("id", "Name the field: id: full_name")
	m.Need("type", "Say its type: "+strings.Join(types, ", ")+".")
	m.Need("label", "Write the question as visitors read it.")
	switch {
	case f.ID == "":
	case !fieldID.MatchString(f.ID):
		m.Fault("id", fmt.Sprintf("%q cannot be a field's id", f.ID), "Use lower-case letters, digits and _, a letter first, at most 64.")
	case slices.Contains(reservedIDs, f.ID):
		m.Fault("id", fmt.Sprintf("the id %q is taken by the form itself", f.ID), "Choose another, such as "+f.ID+"_answer.")
	}
	f.Type = readType(m)
	f.Label = oneLine(m, "label", lineLimit)
	f.Hint = oneLine(m, "hint", lineLimit*2)
	f.Why = oneLine(m, "why", lineLimit*2)
	f.Section = oneLine(m, "section", lineLimit)
	f.Optional = m.Bool("optional")
	f.Sensitive = m.Bool("sensitive")
	refuseAll(m, laterFieldSettings)
	m.Hint("required", `Fields are required already. Write "optional: true" to make one optional.`)
	m.Hint("name", `A field's name is called "id".`)
	m.Hint("help", `Words under the question are called "hint".`)
	m.Hint("placeholder", `Use "hint": words inside a box vanish when somebody types.`)
	m.Hint("maxlength", `The longest answer is called "max".`)
	m.Hint("choices", `The answers to choose from are called "options".`)
	readTyped(f, m)
	m.Done()
	return f
}

// readType reads a field's type; "" where there is none that we know, so that nothing is said twice of it.
func readType(m *yamltree.Mapping) forms.Type {
	t := m.Text("type")
	if t == "" || slices.Contains(types, t) {
		return forms.Type(t)
	}
	message, mend := laterType(t)
	if message == "" {
		message, mend = fmt.Sprintf("unknown type %q", t), cmp.Or(text.Meant(t, types), "Types are "+strings.Join(types, ", ")+".")
	}
	m.Fault("type", message, mend)
	return ""
}

// readTyped reads what only some types have, refuses it on the others, and lists the rules.
func readTyped(f *forms.Field, m *yamltree.Mapping) {
	for _, s := range onlyFor {
		if m.Has(s.key) && f.Type != "" && !slices.Contains(s.types, f.Type) {
			m.FaultAtName(s.key, fmt.Sprintf("%q is for %s fields; %q is a %s field", s.key, s.only, f.ID, f.Type), "Remove it, or change the type.")
		}
	}
	if !f.Optional {
		addRule(f, "required", "")
	}
	switch f.Type {
	case forms.Text, forms.LongText, forms.Name, forms.Email, forms.Phone:
		readText(f, m)
	case forms.Number:
		addRule(f, "number", "")
		readRange(f, m)
	case forms.Date:
		addRule(f, "date", "")
		readDates(f, m)
	case forms.YesNo:
		f.Options = []forms.Option{{Value: "yes", Label: "Yes"}, {Value: "no", Label: "No"}}
		addRule(f, "one_of", "")
	case forms.Choice, forms.Choices:
		readOptions(f, m)
	case forms.Consent:
		readConsent(f, m)
	case forms.FileType:
		readFile(f, m)
	}
	readAutocomplete(f, m)
}

// addRule appends a rule of the table in package forms; the order is the order of checking.
func addRule(f *forms.Field, name, arg string) {
	f.Rules = append(f.Rules, forms.Rule{Name: name, Arg: arg})
}

// readConsent reads what is agreed to, and its version, which the record keeps.
func readConsent(f *forms.Field, m *yamltree.Mapping) {
	f.Text = words(m, "text")
	f.Version = oneLine(m, "version", 40)
	m.Need("version", "Say which version of the text is agreed to: version: 2026-01")
	f.Options = []forms.Option{{Value: "yes", Label: "Agreed"}}
	addRule(f, "some_of", "")
}

// readOptions reads the answers to choose from: what is posted before the colon, what is shown behind it.
func readOptions(f *forms.Field, m *yamltree.Mapping) {
	m.Need("options", "List the answers: options: { yes: \"Yes\", unsure: I am not sure }")
	seen := map[string]bool{}
	for _, p := range m.Pairs("options") {
		switch {
		case !optionValue.MatchString(p.Name) || utf8.RuneCountInString(p.Name) > mostOption:
			m.FaultItem("options", p.Name, fmt.Sprintf("%q cannot stand for an answer", p.Name), "Use a short word before the colon: "+`unsure: I am not sure, perhaps`)
		case seen[p.Name]:
			m.FaultItem("options", p.Name, fmt.Sprintf("the answer %q stands here twice", p.Name), "Keep one of them.")
		}
		seen[p.Name] = true
		f.Options = append(f.Options, forms.Option{Value: p.Name, Label: p.Text})
	}
	least, rule := 2, "one_of"
	if f.Type == forms.Choices {
		least, rule = 1, "some_of"
	}
	switch n := len(f.Options); {
	case !m.Has("options"):
	case n < least:
		m.Fault("options", "too few answers to choose from", "A choice needs two or more; for a single box use consent or yesno.")
	case n > maxOptions:
		m.Fault("options", fmt.Sprintf("more than %d answers", maxOptions), "Ask in a text field instead.")
	}
	addRule(f, rule, "")
}

// readFile reads what kinds of file are taken, how many, and how large each may be: 8 MiB unless told.
func readFile(f *forms.Field, m *yamltree.Mapping) {
	for _, ext := range m.Texts("accept") {
		kind, known := forms.FileKind(ext)
		if !known {
			m.FaultItem("accept", ext, fmt.Sprintf("files of the kind %q are not taken", kind), "Kinds are "+strings.Join(forms.FileKinds(), ", ")+".")
		} else if !slices.Contains(f.Accept, kind) {
			f.Accept = append(f.Accept, kind)
		}
	}
	if !m.Has("accept") {
		f.Accept = []string{"jpg", "png", "heic", "pdf"}
	}
	f.MaxFiles = 1
	if n, given := m.Int("max_files"); given {
		if f.MaxFiles = n; n < 1 || n > forms.MaxFiles {
			f.MaxFiles = 1
			m.Fault("max_files", fmt.Sprintf(`"max_files" must be from 1 to %d`, forms.MaxFiles), "Ask for few: each file costs the visitor time.")
		}
	}
	f.MaxSize = cmp.Or(m.Size("max_size"), 8<<20)
	if f.MaxSize > largestUpload {
		f.MaxSize = 0
		m.Fault("max_size", `"max_size" is over 100MB`, "Ask for smaller files.")
	}
	for _, name := range []string{"accept", "max_size", "not_empty", "not_sealed", "max_files"} {
		addRule(f, name, "")
	}
}
