package file

import (
	"fmt"

	"sealform/internal/yamltree"
)

// laterSettings are settings of forms to come. Each is refused with what to do instead, so that none is silently
// without effect.
var laterSettings = map[string]string{
	"pages":      "Put all questions under fields, and give each page's questions a section.",
	"layout":     "All questions stand on one page; remove the line.",
	"languages":  "Write one form file per language.",
	"embed":      "Link to the form's own page.",
	"resume":     "Keep the form short enough for one sitting; remove the line.",
	"columns":    "The inbox shows form, time and reference; remove the line.",
	"plain_post": "Link to the form's own page.",
	"theme":      "Use brand: { accent: \"#0b6e69\" }.",
}

// laterFieldSettings are settings of a field that are refused, with what to write instead.
var laterFieldSettings = map[string]string{
	"show_if":   "Make the question optional and say in its hint when to answer it.",
	"country":   "Remove the line; numbers of every country are taken.",
	"camera":    "Remove the line; phones offer their camera for photos already.",
	"prefill":   "Remove the line.",
	"at_most":   "Use a longtext question for a list.",
	"fields":    "Use a longtext question for a list.",
	"text_file": "Write the text itself: text: |",
	"pattern":   "Say in the hint what you need, and bound the length with min and max.",
	"default":   "Remove the line; questions begin empty.",
}

// laterTypes are types that are refused, with what to use instead.
var laterTypes = map[string]string{
	"dropdown":  "Use choice: all answers are visible, which is easier on phones.",
	"address":   "Use longtext with the label Home address.",
	"list":      "Use longtext, and ask for one item per line.",
	"signature": "Use consent, or name with the label Type your name to sign.",
	"info":      "Put the words into the intro, a section or a hint.",
	"hidden":    "Remove it; the record names form, time and language by itself.",
}

// otherTypes are names that people know from elsewhere.
var otherTypes = map[string]string{
	"textarea": "longtext", "string": "text", "tel": "phone", "telephone": "phone", "mail": "email", "radio": "choice",
	"select": "choice", "checkbox": "choices", "checkboxes": "choices", "boolean": "yesno", "bool": "yesno",
	"upload": "file", "photo": "file", "image": "file", "integer": "number", "birthday": "date",
}

// notYet refuses settings of a form that this version cannot honour, and answers names from elsewhere with ours.
func notYet(m *yamltree.Mapping) {
	refuseAll(m, laterSettings)
	m.Hint("sections", "Give each field a section: section: About you")
	m.Hint("questions", `The list of questions is called "fields".`)
	m.Hint("recipients", "Say whose keys open the answers: seal: { to: [front-desk] }")
	for _, key := range []string{"store", "mail", "notify", "webhooks", "receipt"} {
		m.Hint(key, fmt.Sprintf("It belongs under deliver: deliver: { %s: … }", key))
	}
	m.Hint("id", `The form's id is called "form".`)
	m.Hint("name", `The form's name is called "title".`)
}

// refuseAll refuses each setting of a list that is given, with what to do instead.
func refuseAll(m *yamltree.Mapping, later map[string]string) {
	for key, instead := range later {
		m.Refuse(key, "is not in this version yet", instead)
	}
}

// laterType gives fault and mend for a type that is refused, or known from elsewhere; "" for any other.
func laterType(t string) (message, mend string) {
	if instead, ok := laterTypes[t]; ok {
		return fmt.Sprintf("the type %q is not in this version yet", t), instead
	}
	if ours, ok := otherTypes[t]; ok {
		return fmt.Sprintf("unknown type %q", t), fmt.Sprintf("Here it is called %q.", ours)
	}
	return "", ""
}
