package rules

import (
	"fmt"
	"go/ast"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// link finds what a Markdown page or its HTML links to or shows.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"`)

// TestLinksLeadSomewhere: every relative link of a Markdown page names a file or folder that is there.
func TestLinksLeadSomewhere(t *testing.T) {
	found := 0
	err := files(".md", func(name string) error {
		src, err := os.ReadFile(filepath.Join(root, name))
		for _, m := range link.FindAllStringSubmatch(string(src), -1) {
			to, _, _ := strings.Cut(m[1]+m[2], "#")
			if to == "" || strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			found++
			if _, err := os.Stat(filepath.Join(root, path.Dir(name), to)); err != nil {
				t.Errorf("%s links to %s, which is not there", name, to)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("no links found: the rule would hold of nothing")
	}
}

// TestEveryRoomHasALine: docs/architecture.md says of each package what it is, and of no other.
func TestEveryRoomHasALine(t *testing.T) {
	src, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rooms []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| .+ \\|$").FindAllStringSubmatch(string(src), -1) {
		rooms = append(rooms, m[1])
	}
	slices.Sort(rooms)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(importsOf(t))), rooms); diff != "" {
		t.Errorf("docs/architecture.md (-packages, +rooms):\n%s", diff)
	}
}

// TestWhereToChangeWhat: the table of CONTRIBUTING.md answers what people ask first, each with one path that is there.
func TestWhereToChangeWhat(t *testing.T) {
	src, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| (.+?) \\| `([^`|]+)` \\|$").FindAllStringSubmatch(string(src), -1) {
		places[m[1]] = m[2]
		if _, err := os.Stat(filepath.Join(root, m[2])); err != nil {
			t.Errorf("CONTRIBUTING.md: %s: %s is not there", m[1], m[2])
		}
	}
	for _, asked := range []string{
		"the message for a wrong date", "who may read a form", "what happens when the relay says 451", "the colour of buttons",
		"a new setting in `sealform.yaml`", "the SQL that lists the inbox", "a new channel", "a new audit act", "a new field type",
		"a new command",
	} {
		if places[asked] == "" {
			t.Errorf("CONTRIBUTING.md does not say where to change %s", asked)
		}
	}
}

// TestFlowNamesWhatIsThere: docs/flow.md follows a submission through the code by name, so each package, file and
// function that it names is there: the files in the package, the functions in the files.
func TestFlowNamesWhatIsThere(t *testing.T) {
	src, err := os.ReadFile(filepath.Join(root, "docs", "flow.md"))
	if err != nil {
		t.Fatal(err)
	}
	f := &flow{t: t, declared: map[string][]string{}}
	for _, s := range productSources(t) {
		f.declared[s.path] = declarations(s.file)
	}
	code, moved := false, ""
	for line := range strings.Lines(string(src)) {
		switch {
		case strings.HasPrefix(line, "```"):
			code = !code
		case code:
			line = f.step(strings.TrimRight(line, "\n")) + "\n"
		default:
			f.prose(line)
		}
		moved += line
	}
	if *update {
		hold(t, filepath.Join(root, "docs", "flow.md"), []byte(moved))
	}
	if f.steps < 20 {
		t.Errorf("only %d steps found: the rule would hold of little", f.steps)
	}
}

// declarations are a file's functions, as "Store.Put" and "open", and its types.
func declarations(file *ast.File) []string {
	var all []string
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			all = append(all, funcName(d))
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if x, ok := s.(*ast.TypeSpec); ok {
					all = append(all, x.Name.Name)
				}
			}
		}
	}
	return all
}

// flow is a walk over the page.
type flow struct {
	t        *testing.T
	declared map[string][]string // by file
	dir      string              // of the package that the line is about
	steps    int
}

var (
	goFile  = regexp.MustCompile(`\b[a-z_0-9]+\.go\b`)
	onlyGo  = regexp.MustCompile(`^[a-z_0-9]+\.go(, [a-z_0-9]+\.go)*$`)
	columns = regexp.MustCompile(` {2,}`)
	called  = regexp.MustCompile(`\([^)]*\)`)
)

// names are in the page's second column, which begins before this one.
const nameColumn = 24

// step checks a line such as "store     Put       put.go     large parts first": package, names, files, words. A line
// without a package belongs to the one above; one further in goes on with its words. It gives the line back, with
// -update with the file to which its functions moved within the package.
func (f *flow) step(line string) string {
	indent := len(line) - len(strings.TrimLeft(line, " "))
	if indent == len(line) {
		return line
	}
	fields := columns.Split(strings.TrimSpace(line), -1)
	if indent == 0 {
		head, rest, _ := strings.Cut(fields[0], " ") // "templates ReceiptPage": a long package leaves one space
		f.dir = f.folder(head)
		fields = fields[1:]
		if rest != "" {
			fields = slices.Insert(fields, 0, rest)
		}
	}
	var in []string
	if len(fields) > 1 && onlyGo.MatchString(fields[1]) {
		in = strings.Split(fields[1], ", ")
	}
	var names []string
	if indent < nameColumn && len(fields) > 0 {
		names = strings.FieldsFunc(called.ReplaceAllString(fields[0], ""), func(r rune) bool { return r == ',' || r == '|' || r == ' ' })
	}
	if to := f.home(names); *update && len(in) == 1 && to != "" && to != in[0] {
		line = strings.Replace(line, fmt.Sprintf("%-*s", len(to), in[0]), fmt.Sprintf("%-*s", len(in[0]), to), 1)
		in[0] = to
	}
	for _, name := range goFile.FindAllString(line, -1) {
		if f.declared[path.Join(f.dir, name)] == nil {
			f.t.Errorf("docs/flow.md: %s has no file %s", f.dir, name)
		}
	}
	for _, name := range names {
		f.steps++
		if !f.has(name, in) {
			f.t.Errorf("docs/flow.md: %s %v declares no %s", f.dir, in, name)
		}
	}
	return line
}

// home is the one file of the package that declares all of the names; "" where there is none, or several.
func (f *flow) home(names []string) (home string) {
	for file := range f.declared {
		base := path.Base(file)
		missing := slices.ContainsFunc(names, func(n string) bool { return !f.has(n, []string{base}) })
		if path.Dir(file) != f.dir || len(names) == 0 || missing {
			continue
		}
		if home != "" {
			return ""
		}
		home = base
	}
	return home
}

// folder of a package named by its path or by its last part.
func (f *flow) folder(name string) string {
	for _, dir := range []string{name, "internal/" + name, "keys/" + name, "forms/" + name} {
		for file := range f.declared {
			if path.Dir(file) == dir {
				return dir
			}
		}
	}
	f.t.Errorf("docs/flow.md: there is no package %s", name)
	return name
}

// has says whether the package's files, those given if any, declare "Put", of any type, or "Store.Put".
func (f *flow) has(name string, in []string) bool {
	for file, all := range f.declared {
		if path.Dir(file) != f.dir || len(in) > 0 && !slices.Contains(in, path.Base(file)) {
			continue
		}
		for _, d := range all {
			if d == name || strings.HasSuffix(d, "."+name) {
				return true
			}
		}
	}
	return false
}

// prose names files of any package.
func (f *flow) prose(line string) {
	for _, name := range goFile.FindAllString(line, -1) {
		there := false
		for file := range f.declared {
			there = there || path.Base(file) == name
		}
		if !there {
			f.t.Errorf("docs/flow.md: there is no file %s", name)
		}
	}
}
