// Package file reads forms from YAML files.
//
//	form, err := file.Parse("forms/contact.yaml", src)   // every fault of the file at once, as Faults
//	all, warnings, err := file.ParseAll(sources)         // of many files; no two may hold the same form
//
// A fault has its file, line and column, and says how to mend it. Whoever writes forms is no programmer: a name known
// from elsewhere ("textarea", "openpgp") is answered with ours, a slip with the nearest word, and what the style guides of
// public services advise against with a warning.
//
// It refuses files that ask for what this version cannot do (notyet.go), so that no setting is silently without effect,
// forms whose answers nobody could read, those that could not be sent in one post, and receipts with a slot for an
// answer: that mail is not sealed.
//
// It reads bytes that are given to it, opens nothing and keeps nothing.
package file

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sealform/forms"
	"sealform/internal/yamltree"
)

// Bounds of a form file.
const (
	maxFields     = forms.MaxAnswers
	maxOptions    = 200
	maxGroups     = 16
	maxAddress    = 10   // of one list of addresses, or of webhooks
	lineLimit     = 200  // characters of a title or label
	textLimit     = 4000 // characters of an intro or a consent's text
	largestUpload = 100 << 20
)

// formID is the shape of the ids of forms, and of the names of groups and webhooks.
var formID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

// Parse reads one form file. If anything is wrong with it, all of it comes back together as Faults, warnings too; a
// form that is only warned about is read. The file must be named for the form's id.
func Parse(file string, src []byte) (*forms.Form, error) {
	f, faults := parse(file, src)
	if faults.Failed() {
		return nil, faults
	}
	return f, nil
}

// ParseAll reads many files, in the order of their names. warnings say what they could say better; faults come across
// all files together, as the error. Both are sorted. Two forms of the same id are a fault too.
func ParseAll(files map[string][]byte) (forms []*forms.Form, warnings Faults, err error) {
	var faults Faults
	first := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		f, found := parse(file, files[file])
		faults = append(faults, found...)
		if f.ID != "" && first[f.ID] != "" {
			faults = append(faults, Fault{File: file, Message: fmt.Sprintf("the form %q is in %s already", f.ID, first[f.ID]), Mend: "Give each form its own id."})
		}
		first[f.ID] = cmp.Or(first[f.ID], file)
		forms = append(forms, f)
	}
	if faults.Failed() {
		return nil, nil, faults.Sort()
	}
	return forms, faults.Sort(), nil
}

// parse reads a file as far as it can, so that all faults come at once; the form is sound where none is an error.
func parse(file string, src []byte) (*forms.Form, Faults) {
	t := yamltree.Parse(file, src)
	m := t.Mapping()
	f := &forms.Form{}
	if m.Given() {
		readHead(f, m, file)
		notYet(m)
		readFields(f, m)
		readDeliver(f, m)
		m.Done()
	}
	faults := t.Faults()
	if faults.Failed() {
		return f, faults
	}
	if err := f.Compile(); err != nil {
		return f, append(faults, Fault{File: file, Message: err.Error()})
	}
	return f, faults
}

// readHead reads all that is not a question and not delivery: names, texts, readers, brand, access, limits.
func readHead(f *forms.Form, m *yamltree.Mapping, file string) {
	m.Need("form", "Begin the file with the form's id: form: contact")
	f.ID = m.Text("form")
	base := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".yaml"), ".yml")
	switch {
	case f.ID == "":
	case !formID.MatchString(f.ID):
		m.Fault("form", fmt.Sprintf("%q cannot be a form's id", f.ID), "Use lower-case letters, digits and dashes, a letter first, at most 64.")
	case f.ID != base:
		m.Fault("form", fmt.Sprintf("the form is %q but the file is named %q", f.ID, filepath.Base(file)), "Name both the same.")
	}
	m.Need("title", "Say what the form is called.")
	f.Title = oneLine(m, "title", lineLimit)
	f.Intro = words(m, "intro")
	f.Contact = words(m, "contact")
	if f.Contact == "" && m.Given() {
		m.Warn("form", `"contact" is missing`, "Say how else to reach you: it is shown when the form cannot take answers.")
	}
	readSeal(f, m)
	readBrand(f, m)
	readAccess(f, m)
	f.Limits.TotalUpload = readLimits(m)
	after := m.Mapping("after")
	f.After = forms.After{Title: oneLine(after, "title", lineLimit), Text: words(after, "text")}
	after.Done()
}

// oneLine reads a text of one line that visitors see; a map of languages is not read yet.
func oneLine(m *yamltree.Mapping, key string, limit int) string {
	if m.IsMapping(key) {
		m.Fault(key, fmt.Sprintf("%q in several languages is not in this version yet", key), "Write one text: one form file per language.")
		return ""
	}
	return m.Line(key, limit)
}

// words reads a text of several lines, at most textLimit bytes.
func words(m *yamltree.Mapping, key string) string {
	if m.IsMapping(key) {
		return oneLine(m, key, 0)
	}
	s := m.Text(key)
	if len(s) > textLimit {
		m.Fault(key, fmt.Sprintf("%q is longer than %d bytes", key, textLimit), "Shorten it.")
	}
	return s
}

// readSeal reads the groups of readers. Whether the configuration has them is the server's to check.
func readSeal(f *forms.Form, m *yamltree.Mapping) {
	m.Need("seal", "Say whose keys open the answers: seal: { to: [front-desk] }")
	m.Hint("seal", "Say whose keys open the answers: seal: { to: [front-desk] }")
	seal := m.Mapping("seal")
	seal.Need("to", "Name at least one group: to: [front-desk]")
	f.To = seal.Texts("to")
	if len(f.To) > maxGroups {
		seal.Fault("to", fmt.Sprintf("more than %d groups", maxGroups), "Put people together into fewer groups.")
	}
	for i, g := range f.To {
		if !formID.MatchString(g) {
			seal.FaultItem("to", g, fmt.Sprintf("%q cannot be a group's name", g), "Use lower-case letters, digits and dashes, a letter first.")
		}
		if slices.Contains(f.To[:i], g) {
			seal.FaultItem("to", g, fmt.Sprintf("the group %q stands here twice", g), "Keep one of them.")
		}
	}
	seal.Done()
}

// readAccess reads whether the form takes answers, and what is said while it does not.
func readAccess(f *forms.Form, m *yamltree.Mapping) {
	a := m.Mapping("access")
	for _, key := range []string{"opens", "closes"} {
		a.Refuse(key, "is not in this version yet", "Use closed: true, and change it when the day comes.")
	}
	f.Access = forms.Access{Closed: a.Bool("closed"), MessageWhenClosed: words(a, "message_when_closed")}
	a.Done()
}

// readLimits reads how many bytes of files one submission may bring: 25 MiB unless told, at most 100 MiB.
func readLimits(m *yamltree.Mapping) int64 {
	l := m.Mapping("limits")
	l.Refuse("per_address", "is not in this version yet", "Remove the line; let a proxy before Sealform limit how often one address may send.")
	l.Refuse("puzzle", "is not in this version yet", "Remove the line.")
	total := l.Size("total_upload")
	if total > largestUpload {
		l.Fault("total_upload", `"total_upload" is over 100MB`, "Ask for fewer or smaller files.")
	}
	l.Done()
	return cmp.Or(total, forms.DefaultUpload)
}
