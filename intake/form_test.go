package intake

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

func TestFormPage(t *testing.T) {
	c := openClinic(t)
	a := c.get("/f/contact")
	if a.StatusCode != http.StatusOK {
		t.Fatalf("status %d", a.StatusCode)
	}
	if got := textOf(a.find("title", "", "")); got != "Contact us – Riverside Family Clinic" {
		t.Errorf("title %q", got)
	}
	form := a.find("form", "", "")
	want := map[string]string{"method": "post", "action": "/f/contact", "enctype": "multipart/form-data"}
	for name, value := range want {
		if attr(form, name) != value {
			t.Errorf("form %s=%q", name, attr(form, name))
		}
	}
	if !has(form, "novalidate") || strings.Contains(a.body, "*") && strings.Contains(textOf(form), "*") {
		t.Error("the browser checks, or an asterisk stands somewhere")
	}
	for _, want := range []string{"We read every message.", "Call 555-0142 if you would rather talk.", "Goes to: Riverside Family Clinic, front desk", "Email address (optional)", "encrypted as soon as they reach our server"} {
		if !strings.Contains(textOf(a.page), want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if strings.Contains(a.body, "<script") || strings.Contains(a.body, "style=") || strings.Contains(a.body, "<style") {
		t.Error("inline style, or a script")
	}
	var bare []string
	for n := range a.page.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if has(n, "required") {
			t.Errorf("%s is required", attr(n, "name"))
		}
		if control(n) && !labelled(a, n) {
			bare = append(bare, attr(n, "name"))
		}
		for _, id := range strings.Fields(attr(n, "aria-describedby") + " " + attr(n, "aria-labelledby")) {
			if a.byID(id) == nil {
				t.Errorf("%s points to %s, which is not there", attr(n, "name"), id)
			}
		}
	}
	if d := cmp.Diff([]string(nil), bare); d != "" {
		t.Errorf("controls without a label:\n%s", d)
	}
	if got := attr(a.find("input", "name", "full_name"), "autocomplete"); got != "name" {
		t.Errorf("autocomplete %q", got)
	}
	if got := attr(a.find("input", "name", "birth.year"), "autocomplete"); got != "bday-year" {
		t.Errorf("autocomplete %q", got)
	}
}

func control(n *html.Node) bool {
	return n.Data == "textarea" || n.Data == "select" || n.Data == "input" && attr(n, "type") != "hidden"
}

func labelled(a answer, n *html.Node) bool {
	if n.Parent.Data == "label" {
		return true
	}
	return a.find("label", "for", attr(n, "id")) != nil
}

func (a answer) byID(id string) *html.Node {
	for n := range a.page.Descendants() {
		if n.Type == html.ElementNode && attr(n, "id") == id {
			return n
		}
	}
	return nil
}

func TestEachPageHasItsOwnToken(t *testing.T) {
	c := openClinic(t)
	if one, two := c.token(), c.token(); one == two {
		t.Error("two pages share a token")
	}
}

func TestStartPageListsOpenForms(t *testing.T) {
	c := openClinic(t)
	a := c.get("/")
	if attr(a.find("a", "", ""), "href") != "/f/contact" || textOf(a.find("a", "", "")) != "Contact us" {
		t.Errorf("list: %s", textOf(a.page))
	}
}

func TestUnknownPages(t *testing.T) {
	c := openClinic(t)
	for _, path := range []string{"/f/nothing", "/f", "/f/", "/x", "/f/contact/sent/made-up", "/f/contact/sent/", "/f/contact/brand/x.css", "/assets/", "/assets/base.css", "/.git/config"} {
		a := c.get(path)
		if a.StatusCode != http.StatusNotFound || textOf(a.find("h1", "", "")) != "There is no page here" {
			t.Errorf("%s: %d %q", path, a.StatusCode, textOf(a.find("h1", "", "")))
		}
	}
}

func TestSheetsAreKeptForEver(t *testing.T) {
	c := openClinic(t)
	a := c.get("/f/contact")
	seen := 0
	for n := range a.page.Descendants() {
		if n.Data != "link" {
			continue
		}
		seen++
		s := c.get(attr(n, "href"))
		if s.StatusCode != http.StatusOK || s.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d, %s", attr(n, "href"), s.StatusCode, s.Header.Get("Cache-Control"))
		}
		if strings.HasSuffix(attr(n, "href"), ".css") && s.Header.Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("%s: %s", attr(n, "href"), s.Header.Get("Content-Type"))
		}
	}
	if seen != 4 { // base, form, brand, icon
		t.Errorf("%d links", seen)
	}
}
