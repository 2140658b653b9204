package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// module is the import path that all of ours begins with.
const module = "sealform"

// root is the checkout, seen from this package's folder, where go test runs.
const root = "../.."

// source is one parsed Go file of the module.
type source struct {
	path string // "internal/store/put.go"
	dir  string // "internal/store"
	test bool
	file *ast.File
	set  *token.FileSet
}

// at gives "internal/store/put.go:12" for a node of the file.
func (s *source) at(n ast.Node) string {
	p := s.set.Position(n.Pos())
	return s.path + ":" + strconv.Itoa(p.Line)
}

// imports lists the file's imports with the quotes taken off.
func (s *source) imports() []string {
	var all []string
	for _, i := range s.file.Imports {
		all = append(all, strings.Trim(i.Path.Value, `"`))
	}
	return all
}

// sources parses every Go file once for all tests.
var sources = sync.OnceValues(func() ([]*source, error) {
	set := token.NewFileSet()
	var all []*source
	err := files(".go", func(name string) error {
		f, err := parser.ParseFile(set, filepath.Join(root, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, &source{
			path: name, dir: path.Dir(name),
			test: strings.HasSuffix(name, "_test.go"), file: f, set: set,
		})
		return nil
	})
	return all, err
})

// allSources is what the tests range over.
func allSources(t *testing.T) []*source {
	t.Helper()
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d Go files found from %s: the rules would hold of nothing", len(all), root)
	}
	return all
}

// productSources leaves the tests out.
func productSources(t *testing.T) []*source {
	t.Helper()
	var product []*source
	for _, s := range allSources(t) {
		if !s.test {
			product = append(product, s)
		}
	}
	return product
}

// files calls f with the slash-separated name, relative to the root, of every file with one of the suffix,
// outside folders that hold no source of ours.
func files(suffix string, f func(name string) error) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() {
			if name != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || name == "e2e/shots" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, suffix) {
			return nil
		}
		return f(name)
	})
}
