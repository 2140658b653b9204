package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// boasts are words that promise what no program of this kind keeps. Say instead where the plaintext is.
var boasts = regexp.MustCompile(`(?i)zero[- ]knowledge|military[- ]grade|bank[- ]grade|unhackable|unbreakable|hipaa[- ](certified|compliant)|end[- ]to[- ]end|100 ?% secure`)

// unfinished marks work that was left lying.
var unfinished = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b|panic\("contract"\)`)

// TestHonestWords reads all that people read, and the source.
func TestHonestWords(t *testing.T) {
	for _, suffix := range []string{".md", ".html", ".yaml", ".go", ".js", ".css", ".tmpl", ".txtar"} {
		err := files(suffix, func(name string) error {
			if name == "internal/rules/words_test.go" {
				return nil
			}
			src, err := os.ReadFile(filepath.Join(root, name))
			for _, bad := range []*regexp.Regexp{boasts, unfinished} {
				if m := bad.Find(src); m != nil {
					t.Errorf("%s says %q", name, m)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
