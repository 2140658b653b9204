package file

import (
	"fmt"
	"strings"

	"sealform/forms"
	"sealform/internal/yamltree"
)

// lint warns about what the style guides of public services advise against. list and fields go together.
func lint(m *yamltree.Mapping, list []*yamltree.Mapping, fields []*forms.Field) {
	labels := map[string]string{}
	for i, f := range fields {
		lintField(list[i], f)
		key := strings.ToLower(f.Label)
		if other := labels[key]; other != "" && f.Label != "" {
			list[i].Warn("label", fmt.Sprintf("fields %q and %q have the same label", other, f.ID), "Visitors and staff cannot tell them apart.")
		}
		labels[key] = f.ID
	}
	if len(fields) > 0 && fields[0].Type == forms.FileType {
		list[0].Warn("type", "the form begins with a file", "Ask for files late: people give up when they have to fetch something first.")
	}
	if len(fields) > 25 {
		m.Warn("fields", fmt.Sprintf("%d questions on one page", len(fields)), "Ask only what you need now.")
	}
}

// lintField warns about one question: its label, hint, and the reason for a sensitive one.
func lintField(m *yamltree.Mapping, f *forms.Field) {
	if strings.Contains(f.Label, "*") {
		m.Warn("label", "an asterisk in a label", "Fields are required already; optional ones are marked by themselves.")
	}
	if strings.HasSuffix(f.Label, ":") {
		m.Warn("label", "a colon at the end of a label", "Remove it.")
	}
	hint := strings.ToLower(f.Hint)
	if strings.Contains(hint, "http://") || strings.Contains(hint, "https://") || strings.Contains(hint, "www.") {
		m.Warn("hint", "a link in a hint", "Screen readers read it out as one word; put it into the intro.")
	}
	if len(f.Hint) > 160 {
		m.Warn("hint", "a long hint", "Keep it to one sentence.")
	}
	if f.Sensitive && f.Why == "" {
		m.Warn("sensitive", "a sensitive question without a reason", "Say why it is asked: why: …")
	}
	if f.Type == forms.Consent && f.Optional {
		m.Warn("optional", "a consent that is optional", "Leave it out if you do not need it.")
	}
}
