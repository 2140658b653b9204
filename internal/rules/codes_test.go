package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	values "go/constant"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// codeTypes are the types whose values the log shows and the store keeps.
var codeTypes = map[string]bool{
	module + "/internal/event.Code": true, module + "/internal/mail.Code": true, module + "/internal/outward.Code": true,
}

// TestCodesAreExplained: docs/operating.md has a line for each code that the log can show, and none for others. One that
// ends in "_" stands before a number, and is written with NNN there.
func TestCodesAreExplained(t *testing.T) {
	used := constantsOf(t, codeTypes)
	if len(used) < 50 {
		t.Fatalf("only %d codes found: the rule would hold of nothing", len(used))
	}
	doc, err := os.ReadFile(filepath.Join(root, "docs", "operating.md"))
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(doc), -1) {
		explained[strings.TrimSuffix(m[1], "NNN")] = true
	}
	number := regexp.MustCompile(`[0-9]{3}$`)
	for code, at := range used {
		if !regexp.MustCompile(`^[a-z0-9_]+$`).MatchString(code) {
			t.Errorf("%s: code %q is not in snake_case", at, code)
		}
		if !explained[code] && !explained[number.ReplaceAllString(code, "")] {
			t.Errorf("%s: docs/operating.md does not explain the code %q", at, code)
		}
	}
	for code := range explained {
		if used[code] == "" {
			t.Errorf("docs/operating.md explains the code %q, which nothing gives", code)
		}
	}
}

// constantsOf gives the constants of those types in product code, and where one of them stands.
func constantsOf(t *testing.T, of map[string]bool) map[string]string {
	t.Helper()
	built := compiledPackages(t)
	files := map[string][]*ast.File{}
	set := token.NewFileSet()
	for _, s := range productSources(t) {
		in := path.Join(module, s.dir)
		if !strings.HasPrefix(s.dir, "internal/bench") && slices.Contains(built[in].GoFiles, path.Base(s.path)) {
			files[in], set = append(files[in], s.file), s.set
		}
	}
	imports := importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) { return os.Open(built[path].Export) })
	found := map[string]string{}
	for in, parsed := range files {
		info := types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
		if _, err := (&types.Config{Importer: imports}).Check(in, set, parsed, &info); err != nil {
			t.Fatal(err)
		}
		for e, is := range info.Types {
			if is.Value == nil || !of[is.Type.String()] {
				continue
			}
			if code := values.StringVal(is.Value); code != "" {
				found[code] = set.Position(e.Pos()).String()
			}
		}
	}
	return found
}

// compiledPackage is a package as the compiler built it.
type compiledPackage struct {
	ImportPath string
	Export     string   // the file of its types
	GoFiles    []string // those that are built here
}

// compiledPackages are ours and all that they import, by their paths.
func compiledPackages(t *testing.T) map[string]compiledPackage {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Export,GoFiles", "./...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatalf("listing packages: %v", err)
	}
	all := map[string]compiledPackage{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p compiledPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}
