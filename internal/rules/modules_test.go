package rules

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// modfile is what "go mod edit -json" says of a go.mod.
type modfile struct {
	Require []struct {
		Path, Version string
		Indirect      bool
	}
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
