package notice_test

import (
	"strings"
	"testing"

	"sealform/internal/notice"
)

func TestCheckAccepts(t *testing.T) {
	for _, w := range []notice.Words{
		{},
		{Clinic: "Riverside"},
		{Subject: "Etwas Neues ist da"},
		{Subject: "{clinic}: {count} new", Text: "Hello,\n\n{count} for {clinic}.\n\n{link}\n\nIt takes 20 % less time, and costs $20."},
	} {
		if err := w.Check(); err != nil {
			t.Errorf("%+v: %v", w, err)
		}
	}
}

// covers PK04: no way of writing a placeholder brings an answer, a form or a person into a notice.
func TestCheckRefuses(t *testing.T) {
	for _, words := range []string{
		"{name}", "{email}", "{{name}}", "{{.Name}}", "{{ clinic }}", "${name}", "$name", "%name%", "%s", "%1$s", "[[name]]", "<%= name %>",
		"{form}", "{title}", "{reference}", "{Clinic}", "{clinic }", "{link|raw}", "#{name}", "{% name %}", "{answers.name}", "{}",
	} {
		for part, w := range map[string]notice.Words{
			"subject": {Subject: "New: " + words},
			"text":    {Text: "New: " + words + " {link}"},
		} {
			err := w.Check()
			if err == nil || !strings.Contains(err.Error(), "a notice never holds answers") || !strings.Contains(err.Error(), part) {
				t.Errorf("%s %q: %v", part, words, err)
			}
		}
	}
}

func TestCheckRefusesWhatIsNotPlain(t *testing.T) {
	for name, c := range map[string]struct {
		words notice.Words
		want  string
	}{
		"link in the subject":     {notice.Words{Subject: "{link}"}, "a notice never holds answers"},
		"another link":            {notice.Words{Text: "{link} or https://evil.example"}, "link of its own"},
		"another link, no scheme": {notice.Words{Text: "{link} or www.evil.example"}, "link of its own"},
		"a link by scheme":        {notice.Words{Text: "{link} JavaScript:alert(1)"}, "link of its own"},
		"markup":                  {notice.Words{Text: "{link} <a href=x>"}, "link of its own"},
		"two lines of subject":    {notice.Words{Subject: "New\r\nBcc: x@evil.example"}, "one line"},
		"two lines of clinic":     {notice.Words{Clinic: "Riverside\nBcc: x"}, "one line"},
		"turned direction":        {notice.Words{Subject: "New \u202e things"}, "one line"},
		"a long subject":          {notice.Words{Subject: strings.Repeat("x", 200)}, "150 characters"},
		"no link":                 {notice.Words{Text: "Something came."}, "needs {link}"},
	} {
		if err := c.words.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
