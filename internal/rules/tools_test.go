package rules

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	literal     = regexp.MustCompile(`(\w+)=(v?\d\S*)`)                                       // golangci=v2.15.0, of a line that begins with readonly
	toolVersion = regexp.MustCompile(`([a-z][\w.-]*(?:/[\w.-]+)*)@([^\s"')]+)`)               // mvdan.cc/gofumpt@$gofumpt, axe-core@$axe
	remoteTool  = regexp.MustCompile(`\bgo (?:install|run) (?:-\S+ )*"?(\w+\.\w+/[^\s"]+)`)   // go run example.org/tool@v1.0.0
	pinned      = regexp.MustCompile(`^v?\d+\.\d+\.\d+$`)                                     // one version and no range, branch or "latest"
	majorOnly   = regexp.MustCompile(`^v\d+$`)                                                // the last part of a module's path can be its major version
	toolRow     = regexp.MustCompile(`(?s)## Tools, pinned in .*?\n\| tool \|.*?\n(.*?)\n\n`) // the table's rows
)

// TestToolsArePinned: a tool that a script installs or runs has one version, written in the script, and its row in
// docs/dependencies.md.
func TestToolsArePinned(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(root, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := toolRow.FindString(string(doc))
	found := 0
	for _, name := range scripts(t) {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		constants := map[string]string{}
		for line := range strings.Lines(string(src)) {
			if !strings.HasPrefix(line, "readonly ") {
				continue
			}
			for _, m := range literal.FindAllStringSubmatch(line, -1) {
				constants[m[1]] = m[2]
			}
		}
		for _, m := range toolVersion.FindAllStringSubmatch(string(src), -1) {
			found++
			version := m[2]
			if c, ok := strings.CutPrefix(version, "$"); ok {
				version = constants[strings.Trim(c, "{}")]
			}
			if !pinned.MatchString(version) {
				t.Errorf("%s: %s has no one version, but %q", name, m[1], m[2])
			}
			if tool := toolName(m[1]); !strings.Contains(rows, "\n| "+tool+" ") {
				t.Errorf("docs/dependencies.md does not say what %s, of %s, is for", tool, name)
			}
		}
		for _, m := range remoteTool.FindAllStringSubmatch(string(src), -1) {
			if !strings.Contains(m[1], "@") {
				t.Errorf("%s: %s without a version", name, m[0])
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d tools found: the rule would hold of little", found)
	}
}

// scripts are the files that install and run tools.
func scripts(t *testing.T) []string {
	t.Helper()
	all := []string{filepath.Join(root, "Makefile")}
	for _, folder := range []string{"scripts", ".ci"} {
		names, err := filepath.Glob(filepath.Join(root, folder, "*"))
		if err != nil || len(names) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		all = append(all, names...)
	}
	return all
}

// toolName is what a tool is called by: the last part of its path, but for a major version.
func toolName(tool string) string {
	if majorOnly.MatchString(path.Base(tool)) {
		tool = path.Dir(tool)
	}
	return path.Base(tool)
}
