package public

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/forms/library"
	"sealform/templates"
)

func rendered(t *testing.T, p templates.Page) (string, *html.Node) {
	t.Helper()
	var b bytes.Buffer
	if err := p.Render(&b); err != nil {
		t.Fatal(err)
	}
	n, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), n
}

func newPatient(t *testing.T) *forms.Form {
	t.Helper()
	src, ok := library.Source("new-patient")
	if !ok {
		t.Fatal("no new-patient form")
	}
	f, err := file.Parse("new-patient.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// publicPages is every page that visitors see, with what a hostile visitor or a careless owner could put into it.
func publicPages(t *testing.T, hostile string) map[string]templates.Page {
	f := newPatient(t)
	f.Title, f.Intro, f.Contact = hostile, hostile, hostile
	f.Access.MessageWhenClosed, f.After = hostile, forms.After{Title: hostile, Text: hostile}
	frame := Frame{Clinic: hostile, Sheet: "/f/new-patient/brand/brand.css"}
	entry := &forms.Entry{Files: []forms.File{{Field: "card", Name: hostile, Size: 1}}}
	var problems []forms.Problem
	for _, x := range f.Fields {
		x.Label, x.Hint, x.Why, x.Section, x.Text = hostile, hostile, hostile, hostile, hostile
		for i := range x.Options {
			x.Options[i].Label = hostile
		}
		for _, name := range x.Parts() {
			entry.Pairs = append(entry.Pairs, forms.Pair{Name: name, Value: []byte(hostile)})
		}
		problems = append(problems, forms.Problem{Field: x.ID, Code: "required", Message: hostile})
	}
	problems = append(problems, forms.Problem{Code: "unknown_field", Message: hostile})
	return map[string]templates.Page{
		"list":    ListPage{frame, []*forms.Form{f}},
		"none":    ListPage{},
		"form":    FormPage{Frame: frame, Form: f, Token: hostile},
		"again":   FormPage{Frame: frame, Form: f, Token: hostile, Entry: entry, Problems: problems, Notice: hostile},
		"receipt": ReceiptPage{frame, f, hostile, time.Now()},
		"closed":  ClosedPage{frame, f, true},
		"message": MessagePage{frame, hostile, []string{hostile}, "/f/new-patient", hostile, hostile},
		"bare":    MessagePage{Title: hostile},
	}
}

// covers WB01
func TestNothingTypedBecomesMarkup(t *testing.T) {
	for _, hostile := range []string{
		`"><script>alert(1)</script>`, `' onfocus=alert(1) x='`, `</textarea></title><img src=x onerror=alert(1)>`, `{{.Token}}`, "\x00<svg/onload=alert(1)>",
		"javascript:alert(1)", `<!--`, `\u003cscript\u003e`, "\xff\xfe<b>", `</style><style>*{display:none}`,
	} {
		for name, p := range publicPages(t, hostile) {
			_, page := rendered(t, p)
			for n := range page.Descendants() {
				if n.Type != html.ElementNode {
					continue
				}
				switch n.Data {
				case "script", "style", "img", "iframe", "object", "b", "base":
					t.Errorf("%s: <%s> from %q", name, n.Data, hostile)
				}
				for _, a := range n.Attr {
					if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "href" && strings.HasPrefix(a.Val, "javascript:") {
						t.Errorf("%s: %s=%q from %q", name, a.Key, a.Val, hostile)
					}
				}
			}
		}
	}
}

func TestEveryPageIsWhole(t *testing.T) {
	for name, p := range publicPages(t, "Words & more") {
		text, page := rendered(t, p)
		ids, headings, mains := map[string]bool{}, 0, 0
		for n := range page.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			switch n.Data {
			case "h1":
				headings++
			case "main":
				mains++
			}
			for _, a := range n.Attr {
				if a.Key == "id" && ids[a.Val] {
					t.Errorf("%s: id %s twice", name, a.Val)
				}
				if a.Key == "id" {
					ids[a.Val] = true
				}
			}
		}
		if headings != 1 || mains != 1 || !strings.HasSuffix(text, "</html>\n") || !strings.HasPrefix(text, "<!doctype html>") || strings.Contains(text, "ZgotmplZ") {
			t.Errorf("%s: %d headings, %d main parts, or cut or filtered", name, headings, mains)
		}
	}
}

func TestWhatWasTypedStays(t *testing.T) {
	f := newPatient(t)
	e := &forms.Entry{Pairs: []forms.Pair{{Name: "reason", Value: []byte("\n  first line lost?\r\n<b>")}, {Name: "full_name", Value: []byte("a\xffb")}}}
	_, page := rendered(t, FormPage{Form: f, Entry: e})
	for n := range page.Descendants() {
		for _, a := range n.Attr {
			if a.Key != "name" {
				continue
			}
			if a.Val == "reason" && n.FirstChild.Data != "\n  first line lost?\n<b>" {
				t.Errorf("reason: %q", n.FirstChild.Data)
			}
			if a.Val == "full_name" {
				for _, v := range n.Attr {
					if v.Key == "value" && v.Val != "a\uFFFDb" {
						t.Errorf("full_name: %q", v.Val)
					}
				}
			}
		}
	}
}
