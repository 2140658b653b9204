package rules

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// boasts are words that promise what no program of this kind keeps. Say instead where the plaintext is. They are looked
// for in lower case; each begins with letters, which are found fast.
var boasts = patterns(`zero[- ]knowledge`, `military[- ]grade`, `bank[- ]grade`, `unhackable`, `unbreakable`,
	`hipaa[- ](certified|compliant)`, `end[- ]to[- ]end`, `100 ?% secure`)

// unfinished marks work that was left lying. The pattern is slow, so it reads only a file with one of the marks.
var (
	unfinished = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b|panic\("contract"\)`)
	marks      = []string{"TODO", "FIXME", "XXX", "HACK", `panic("contract")`}
)

// patterns compiles them.
func patterns(all ...string) []*regexp.Regexp {
	var compiled []*regexp.Regexp
	for _, p := range all {
		compiled = append(compiled, regexp.MustCompile(p))
	}
	return compiled
}

// TestHonestWords reads all that people read, and the source.
func TestHonestWords(t *testing.T) {
	for _, suffix := range []string{".md", ".html", ".yaml", ".go", ".js", ".css", ".tmpl", ".txtar"} {
		err := files(suffix, func(name string) error {
			if name == "internal/rules/words_test.go" {
				return nil
			}
			src, err := os.ReadFile(filepath.Join(root, name))
			mustNotSay(t, name, bytes.ToLower(src), boasts)
			if slices.ContainsFunc(marks, func(m string) bool { return bytes.Contains(src, []byte(m)) }) {
				mustNotSay(t, name, src, []*regexp.Regexp{unfinished})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func mustNotSay(t *testing.T, name string, src []byte, bad []*regexp.Regexp) {
	t.Helper()
	for _, p := range bad {
		if m := p.Find(src); m != nil {
			t.Errorf("%s says %q", name, m)
		}
	}
}
