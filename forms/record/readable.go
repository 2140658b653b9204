package record

import (
	"strconv"
	"strings"
	"time"

	"sealform/forms"
	"sealform/internal/text"
)

const notProvided = "Not provided"

// readable writes the text/plain part: what a person sees who opens the message with nothing but gpg. Answers are
// indented, so that no answer can pass for a question.
func (a *content) readable(q *quoted, p *Plan) {
	q.lines("", a.form.Title)
	q.lines("", "Reference "+p.Reference)
	q.lines("", "Received "+p.Received.UTC().Format("2 January 2006, 15:04:05")+" UTC")
	if p.Follows != "" {
		q.lines("", "Sent again, corrected, after "+p.Follows)
	}
	values := a.byPart()
	section := ""
	for i, f := range a.form.Fields {
		if f.Section != section && f.Section != "" {
			q.newline()
			q.lines("", strings.ToUpper(f.Section))
		}
		section = f.Section
		q.newline()
		q.lines("", f.Label)
		if f.Type == forms.FileType {
			a.readableFiles(q, f)
			continue
		}
		shown := shown(f, values[i])
		for _, v := range shown {
			q.lines("  ", mark(v))
		}
		if len(shown) == 0 {
			q.lines("  ", notProvided)
		}
	}
	a.readableExtra(q)
}

func mark(v ReadValue) string {
	if v.Raw {
		return v.Text + "  [holds bytes that are no text]"
	}
	return v.Text
}

// byPart gathers the posted bytes of each field's controls, in the order they came.
func (a *content) byPart() [][3][][]byte {
	all := make([][3][][]byte, len(a.form.Fields))
	for _, p := range a.pairs {
		if field, part, ok := a.form.Control(p.Name); ok {
			all[field][part] = append(all[field][part], p.Value)
		}
	}
	return all
}

func (a *content) readableFiles(q *quoted, f *forms.Field) {
	none := true
	for i := range a.files {
		if x := &a.files[i]; x.Field == f.ID {
			name, _ := visible([]byte(x.Name))
			q.lines("  ", strings.ReplaceAll(name, "\n", " ")+" ("+text.Size(x.Size)+")")
			none = false
		}
	}
	if none {
		q.lines("  ", notProvided)
	}
}

func (a *content) readableExtra(q *quoted) {
	first := true
	for _, p := range a.pairs {
		if _, _, ours := a.form.Control(p.Name); ours {
			continue
		}
		if first {
			q.newline()
			q.lines("", "ALSO SENT, THOUGH THE FORM DOES NOT ASK FOR IT")
			first = false
		}
		name, _ := visible([]byte(p.Name))
		text, raw := visible(p.Value)
		q.lines("  ", name)
		q.lines("    ", mark(ReadValue{text, raw}))
	}
}

// shown renders a field's posted bytes for people: options by label, a date as "27 March 1957". Blank is left out.
func shown(f *forms.Field, parts [3][][]byte) []ReadValue {
	if f.Type == forms.Date {
		return shownDate(parts)
	}
	var out []ReadValue
	for _, v := range parts[0] {
		text, raw := visible(v)
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		if label, ok := f.OptionLabel(text); ok {
			text = label
			if f.Type == forms.Consent && f.Version != "" {
				text += " (version " + f.Version + ")"
			}
		}
		out = append(out, ReadValue{text, raw})
	}
	return out
}

func shownDate(parts [3][][]byte) []ReadValue {
	var all []string
	var first [3]string
	raw, once := false, true
	for i, values := range parts {
		n := 0
		for _, v := range values {
			text, bad := visible(v)
			raw = raw || bad
			if text = strings.TrimSpace(text); text != "" {
				first[i] = text
				all = append(all, text)
				n++
			}
		}
		once = once && n == 1
	}
	if len(all) == 0 {
		return nil
	}
	if date, ok := forms.DateText(first); once && ok {
		return []ReadValue{{Text: date}}
	}
	return []ReadValue{{strings.Join(all, " "), raw}}
}

// stamp is the record's time: UTC, to the second.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
