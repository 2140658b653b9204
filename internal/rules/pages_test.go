package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// actions takes template actions out of a page, so that what is left reads as HTML.
var actions = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// TestPages: no inline script, style or handler, nothing loaded from elsewhere, no form that sends to elsewhere.
// The content security policy forbids the same; this finds it before a browser does.
// covers WB01, WB15
func TestPages(t *testing.T) {
	pages := 0
	err := files(".html", func(name string) error {
		src, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		pages++
		checkPage(t, name, string(src))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if pages == 0 {
		t.Error("no pages found: the rule would hold of nothing")
	}
}

// checkPage walks the tags of one page.
func checkPage(t *testing.T, name, src string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(actions.ReplaceAllString(src, "x")))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			if tag.Data == "style" {
				t.Errorf("%s: a style element; write it into a style sheet", name)
			}
			if _, has := attribute(tag, "src"); tag.Data == "script" && !has {
				t.Errorf("%s: an inline script; write it into a file", name)
			}
			for _, a := range tag.Attr {
				checkAttribute(t, name, tag.Data, a)
			}
		}
	}
}

// checkAttribute refuses inline style, inline handlers and addresses elsewhere.
func checkAttribute(t *testing.T, page, tag string, a html.Attribute) {
	t.Helper()
	value := strings.ToLower(strings.TrimSpace(a.Val))
	switch {
	case a.Key == "style":
		t.Errorf("%s: <%s style>", page, tag)
	case strings.HasPrefix(a.Key, "on"):
		t.Errorf("%s: <%s %s>: handlers are set by a script file", page, tag, a.Key)
	case strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "data:"):
		t.Errorf("%s: <%s %s> with an address that is code or content", page, tag, a.Key)
	case a.Key == "src" || a.Key == "srcset" || a.Key == "action" || a.Key == "formaction" || tag == "link" && a.Key == "href":
		if strings.HasPrefix(value, "http:") || strings.HasPrefix(value, "https:") || strings.HasPrefix(value, "//") {
			t.Errorf("%s: <%s %s> leads elsewhere", page, tag, a.Key)
		}
	}
}

// attribute finds one of a tag.
func attribute(tag html.Token, key string) (string, bool) {
	for _, a := range tag.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// TestStaticFiles: style sheets and scripts of ours load nothing from elsewhere, and scripts never turn text into
// markup or code.
// covers WB01, WB15
func TestStaticFiles(t *testing.T) {
	elsewhere := regexp.MustCompile(`(?i)(@import|url\(\s*["']?\s*(https?:)?//)`)
	sinks := regexp.MustCompile(`\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function|srcdoc|localStorage|sessionStorage|indexedDB)\b`)
	for suffix, bad := range map[string]*regexp.Regexp{".css": elsewhere, ".js": sinks} {
		found := 0
		err := files(suffix, func(name string) error {
			src, err := os.ReadFile(filepath.Join(root, name))
			found++
			if m := bad.Find(src); m != nil {
				t.Errorf("%s: %q", name, m)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if found == 0 {
			t.Errorf("no %s file found", suffix)
		}
	}
}
