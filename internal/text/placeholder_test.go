package text_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/text"
)

func TestPlaceholders(t *testing.T) {
	for s, want := range map[string][]string{
		"Hello {name}":                        {"{name}"},
		"Hello {{name}}, {{ a.b | upper }}":   {"{{name}}", "{{ a.b | upper }}"},
		"{{{name}}} and {0} and {}":           {"{{{name}}}", "{0}", "{}"},
		"{% if name %}":                       {"{% if name %}"},
		"${name} #{name} @{name} $(name)":     {"${name}", "#{name}", "@{name}", "$(name)"},
		"Dear $name, $_x $größe.":             {"$name", "$_x", "$größe"},
		"Dear %name%, %FULL_NAME%":            {"%name%", "%FULL_NAME%"},
		"%s %d %v %q %-20s %05d %.2f %1$s %x": {"%s", "%d", "%v", "%q", "%-20s", "%05d", "%.2f", "%1$s", "%x"},
		"Dear %(name)s":                       {"%(name)s"},
		"[[name]] <%= name %> <?= $name ?>":   {"[[name]]", "<%= name %>", "<?= $name ?>"},
		"{first name\nof two lines}":          {"{first name\nof two lines}"},
		"{{full_name}}{{email}}":              {"{{full_name}}", "{{email}}"},

		"":                                    nil,
		"We call back within one working day": nil,
		"A visit costs $20, $20.50 or US$ 30": nil,
		"20 % off, 20% off, 20%off, 100%.":    nil,
		"50 % of all, 5%-10%, 20%off-30%":     nil,
		"zu 100%ig, 100 %ige Baumwolle":       nil,
		"[see below] (or here) <b@x.example>": nil,
		"https://x.example/a%20b?c=1&d=%2F#e": nil,
		"5 > 3 < 7; a|b; C:\\x; 3$ and 4€":    nil,
		"10:00-12:00 #1 @ home 1/2 x^2 ~5 *":  nil,
		"{ an open brace, and a closed one ]": nil,
	} {
		if d := cmp.Diff(want, text.Placeholders(s)); d != "" {
			t.Errorf("%q:\n%s", s, d)
		}
	}
}

// What is found stands in the text, and taking it all out leaves none of the same kinds in braces.
func FuzzPlaceholders(f *testing.F) {
	for _, s := range []string{"{a}", "{{a}}", "%s$x%y%", "[[", "<%= %>", "$20 %"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		found := text.Placeholders(s)
		for _, p := range found {
			if p == "" || !strings.Contains(s, p) {
				t.Fatalf("%q was found in %q", p, s)
			}
		}
		i := strings.IndexByte(s, '{')
		if i >= 0 && strings.ContainsRune(s[i:], '}') && len(found) == 0 {
			t.Fatalf("the braces of %q were overlooked", s)
		}
	})
}
