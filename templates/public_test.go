package templates

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/forms/library"
	"sealform/internal/colour"
)

func rendered(t *testing.T, p Page) (string, *html.Node) {
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
func publicPages(t *testing.T, hostile string) map[string]Page {
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
	return map[string]Page{
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

func TestAssets(t *testing.T) {
	for name := range byName {
		w := httptest.NewRecorder()
		Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, Asset(name), nil))
		if w.Code != http.StatusOK || w.Body.Len() == 0 || w.Header().Get("Cache-Control") != Forever || w.Header().Get("Content-Type") == "application/octet-stream" {
			t.Errorf("%s: %d, %v", name, w.Code, w.Header())
		}
		if strings.HasSuffix(name, ".css") && (strings.Contains(w.Body.String(), "url(") || strings.Contains(w.Body.String(), "@import")) {
			t.Errorf("%s loads something", name)
		}
	}
	for _, path := range []string{"/assets/", "/assets/base.css", "/assets/../render.go", "/assets/base.0000000000000000.css"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = path
		Assets().ServeHTTP(w, r)
		if w.Code != http.StatusNotFound || HasAsset(path) {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestBrandColoursCanBeRead(t *testing.T) {
	for _, accent := range []string{"#0b6e69", "#000000", "#ffffff", "#ffff00", "#ff0000", "#808080", "#00ff88", "#1a237e"} {
		c, ok := colour.Parse(accent)
		if !ok {
			t.Fatal(accent)
		}
		for _, s := range []shades{{colour.White, colour.Black}, {colour.Colour{26, 35, 38}, colour.White}} {
			sheet := s.of(c)
			value := func(name string) colour.Colour {
				_, rest, _ := strings.Cut(sheet, name+": ")
				got, ok := colour.Parse(rest[:7])
				if !ok {
					t.Fatalf("%s in %q", name, sheet)
				}
				return got
			}
			for what, ratio := range map[string]float64{
				"text on the card": colour.Contrast(value("--accent"), s.card), "text on the button": colour.Contrast(value("--accent"), value("--accent-ink")),
				"text on the button under the pointer": colour.Contrast(value("--accent-deep"), value("--accent-ink")), "text on the soft ground": colour.Contrast(value("--accent"), value("--accent-soft")),
			} {
				if ratio < 4.5 {
					t.Errorf("%s on %s: %s %.2f", accent, s.card, what, ratio)
				}
			}
		}
	}
	for _, bad := range []string{"", "red", "#fff", "#12345g", "#0b6e69; } body { display: none", "url(x)"} {
		if b := BrandSheet(bad); b != nil {
			t.Errorf("%q: %s", bad, b)
		}
	}
}

// The house's own colours, as base.css has them: text 4.5:1, borders and focus 3:1 (WCAG 1.4.3, 1.4.11).
func TestOwnColoursCanBeRead(t *testing.T) {
	light, dark, ok := strings.Cut(string(byName["base.css"].body), "prefers-color-scheme: dark")
	if !ok {
		t.Fatal("no dark colours")
	}
	for scheme, css := range map[string]string{"light": light, "dark": dark} {
		value := func(name string) colour.Colour {
			_, rest, _ := strings.Cut(css, "--"+name+": ")
			c, ok := colour.Parse(rest[:min(7, len(rest))])
			if !ok {
				t.Fatalf("%s: no --%s", scheme, name)
			}
			return c
		}
		for _, x := range []struct {
			front, back string
			least       float64
		}{
			{"ink", "card", 7},
			{"ink", "page", 7},
			{"muted", "card", 4.5},
			{"muted", "page", 4.5},
			{"accent", "card", 4.5},
			{"accent", "page", 4.5},
			{"accent-ink", "accent", 4.5},
			{"accent-ink", "accent-deep", 4.5},
			{"bad", "card", 4.5},
			{"bad", "bad-soft", 4.5},
			{"good", "good-soft", 4.5},
			{"good-ink", "good", 4.5},
			{"ink", "warn-soft", 7},
			{"warn", "card", 3},
			{"line", "card", 3},
			{"line", "page", 3},
			{"focus", "card", 3},
			{"focus", "page", 3},
		} {
			if got := colour.Contrast(value(x.front), value(x.back)); got < x.least {
				t.Errorf("%s: --%s on --%s is %.2f:1, want %.1f", scheme, x.front, x.back, got, x.least)
			}
		}
	}
}
