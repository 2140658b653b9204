package rules

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// modfile is what "go mod edit -json" says of a go.mod.
type modfile struct {
	Require []struct {
		Path, Version string
		Indirect      bool
	}
}

// version finds a required module's.
func (m modfile) version(of string) string {
	for _, r := range m.Require {
		if r.Path == of {
			return r.Version
		}
	}
	return ""
}

// readMod reads a go.mod.
func readMod(t *testing.T, file string) modfile {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", file).Output()
	if err != nil {
		t.Fatalf("reading %s: %v", file, err)
	}
	var m modfile
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestLibcPin: modernc.org/sqlite is generated against one version of modernc.org/libc and is only tested with
// that one. Another dependency can lift it in silence.
func TestLibcPin(t *testing.T) {
	const sqlite, libc = "modernc.org/sqlite", "modernc.org/libc"
	cmd := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.GoMod}}", sqlite)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("finding %s: %v", sqlite, err)
	}
	want := readMod(t, strings.TrimSpace(string(out))).version(libc)
	cmd = exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", libc)
	cmd.Dir = root
	out, err = cmd.Output()
	if err != nil {
		t.Fatalf("finding %s: %v", libc, err)
	}
	if got := strings.TrimSpace(string(out)); got != want || want == "" {
		t.Errorf("%s is %s, but %s was made for %s", libc, got, sqlite, want)
	}
}

// TestDependenciesAreExplained: docs/dependencies.md has a line for each direct dependency, and none for others.
func TestDependenciesAreExplained(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(root, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(doc), -1) {
		explained[m[1]] = true
	}
	for _, r := range readMod(t, filepath.Join(root, "go.mod")).Require {
		if r.Indirect {
			continue
		}
		if !explained[r.Path] {
			t.Errorf("docs/dependencies.md does not say what %s is for", r.Path)
		}
		delete(explained, r.Path)
	}
	for path := range explained {
		t.Errorf("docs/dependencies.md explains %s, which go.mod does not name", path)
	}
}
