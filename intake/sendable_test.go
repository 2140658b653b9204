package intake

import (
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sealform/forms"
)

const sendableHead = "form: contact\ntitle: Contact us\ncontact: Call us.\nseal: { to: [front-desk] }\n" +
	"deliver: { store: { keep: 30d } }\nlimits: { total_upload: 10MB }\nfields:\n"

// posted is what a browser makes of a page: names with values, and files; a file without a name is a field left alone.
type posted struct {
	pairs [][2]string
	files [][3]string // field, file name, bytes
}

func (b posted) multipart(t *testing.T, token string) (kind, body string) {
	t.Helper()
	var s strings.Builder
	w := multipart.NewWriter(&s)
	if err := w.SetBoundary(strings.Repeat("-", 29) + strings.Repeat("1", 41)); err != nil { // the longest there may be
		t.Fatal(err)
	}
	field := func(name, value string) {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	field(tokenName, token)
	for _, p := range b.pairs {
		field(p[0], p[1])
	}
	for _, f := range b.files {
		part, err := w.CreateFormFile(f[0], f[1])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(f[2])); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.files) > 0 {
		field("behind", "the files")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), s.String()
}

// send opens the form's page and posts as that page says.
func (c *clinic) send(b posted) answer {
	c.t.Helper()
	page := c.get("/f/contact")
	token := attr(page.find("input", "name", tokenName), "value")
	if attr(page.find("form", "method", "post"), "enctype") == "multipart/form-data" {
		kind, body := b.multipart(c.t, token)
		return c.do(c.request(http.MethodPost, "/f/contact", kind, body))
	}
	v := url.Values{tokenName: {token}}
	for _, p := range b.pairs {
		v.Add(p[0], p[1])
	}
	return c.do(c.request(http.MethodPost, "/f/contact", urlencoded, v.Encode()))
}

func sendable(t *testing.T, fields string) *clinic {
	t.Helper()
	f := parseForm(t, sendableHead+fields)
	return openClinic(t, func(cfg *Config) { cfg.Forms[0].Form = f })
}

func chosen(field string, n int) (files [][3]string) {
	for i := range n {
		files = append(files, [3]string{field, fmt.Sprintf("%d.jpg", i+1), "x"})
	}
	return files
}

// A field left alone is no file, and too many files are told as what they are, with all answers kept.
func TestFilesAreCountedAsPeopleCountThem(t *testing.T) {
	c := sendable(t, "  - { id: who, type: text, label: Who, optional: true }\n"+
		"  - { id: a, type: file, label: A, optional: true, max_files: 9, max_size: 1MB }\n"+
		"  - { id: b, type: file, label: B, optional: true, max_size: 1MB }\n")
	alone := [3]string{"b", "", ""}
	for _, x := range []struct {
		what   string
		files  [][3]string
		status int
		kept   int
		says   string
	}{
		{"nine, and one left alone", append(chosen("a", 9), alone), 303, 9, ""},
		{"ten", append(chosen("a", 9), [3]string{"b", "b.jpg", "x"}), 303, 10, ""},
		{"ten, and more left alone", append(chosen("a", 9), [3]string{"b", "b.jpg", "x"}, alone, alone), 303, 10, ""},
		{"ten in one field", append(chosen("a", 10), alone), 422, 0, "Choose no more than 9 files for “A”"},
		{"nine and two", append(chosen("a", 9), chosen("b", 2)...), 422, 0, "You chose more than 10 files in all"},
		{"fourteen", append(chosen("a", 14), alone), 422, 0, "You chose more than 10 files in all"},
		{"bytes without a name", append(append(chosen("a", 9), chosen("b", 1)...), [3]string{"b", "", "x"}), 422, 0, "You chose more than 10 files in all"},
	} {
		before := len(c.rows())
		a := c.send(posted{[][2]string{{"who", "Maria Alvarez"}}, x.files})
		if a.StatusCode != x.status {
			t.Errorf("%s: status %d: %s", x.what, a.StatusCode, textOf(a.page))
			continue
		}
		if x.status == http.StatusSeeOther {
			if rows := c.rows(); len(rows) != before+1 || rows[0].Files != x.kept {
				t.Errorf("%s: %d new rows, %d files", x.what, len(rows)-before, rows[0].Files)
			}
			continue
		}
		page := textOf(a.page)
		if !strings.Contains(page, x.says) || strings.Contains(page, "too large") || attr(a.find("input", "name", "who"), "value") != "Maria Alvarez" {
			t.Errorf("%s: %s", x.what, page)
		}
	}
}

// TestLargestFormsCanBeSent fills in the largest forms that the check of form files lets pass, as fully as one can.
func TestLargestFormsCanBeSent(t *testing.T) {
	clef := "\U0001D11E" // four bytes of UTF-8, twelve when escaped
	for what, x := range map[string]struct {
		fields string
		each   func(f *forms.Field) (values []string)
	}{
		"dates": {
			listed(66, "type: date") + "  - { id: a, type: text, label: A, max: 9000 }\n  - { id: b, type: email, label: B }\n",
			func(f *forms.Field) []string {
				switch f.Type { //nolint:exhaustive // what this form has
				case forms.Date:
					return []string{"30", "september", "1957"}
				case forms.Email:
					return []string{"maria@riverside.example"}
				}
				return []string{strings.Repeat(clef, 9000)}
			},
		},
		"options": {"  - { id: q, type: choices, label: Q, options: " + letters(200) + " }\n", func(f *forms.Field) []string {
			var all []string
			for _, o := range f.Options {
				all = append(all, o.Value)
			}
			return all
		}},
		"short answers": {listed(200, "type: text"), func(*forms.Field) []string { return []string{strings.Repeat(clef, 500)} }},
		"long answers":  {listed(16, "type: longtext, max: 16000"), func(*forms.Field) []string { return []string{strings.Repeat(clef, 16000)} }},
		"urlencoded":    {listed(17, "type: longtext"), func(*forms.Field) []string { return []string{strings.Repeat(clef, 5000)} }},
	} {
		t.Run(what, func(t *testing.T) {
			c := sendable(t, x.fields)
			var b posted
			for _, f := range c.config.Forms[0].Form.Fields {
				values, parts := x.each(f), f.Parts()
				for i, v := range values {
					b.pairs = append(b.pairs, [2]string{parts[i%len(parts)], v})
				}
			}
			if a := c.send(b); a.StatusCode != http.StatusSeeOther {
				t.Fatalf("status %d: %.300s", a.StatusCode, textOf(a.page))
			}
			if rows := c.rows(); len(rows) != 1 || len(c.open(rows[0]).Answers) != len(c.config.Forms[0].Form.Fields) {
				t.Errorf("%d rows", len(rows))
			}
		})
	}
}

func listed(n int, field string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  - { id: f%d, label: Question %d, %s }\n", i+1, i+1, field)
	}
	return b.String()
}

func letters(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s%d", strings.Repeat("ß", 96), i+100)
	}
	return "[" + strings.Join(all, ", ") + "]"
}
