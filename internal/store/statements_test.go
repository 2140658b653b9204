package store

import (
	"database/sql"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// statements are all of the package's SQL, as its source says it, with where each stands.
func statements(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files, consts, set := []*ast.File{}, map[string]ast.Expr{}, token.NewFileSet()
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
				for i, name := range v.Names {
					consts[name.Name] = v.Values[i]
				}
			}
			return true
		})
	}
	found := map[string]string{}
	begins := regexp.MustCompile(`(?i)^\s*(select|insert|update|delete|with)\s`)
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, ok := constant(e, consts)
			if ok && begins.MatchString(text) && strings.Contains(strings.TrimSpace(text), " ") {
				found[text] = set.Position(n.Pos()).String()
			}
			return !ok
		})
	}
	return found
}

// constant gives the text of a literal, of a named one, or of several that are joined.
func constant(e ast.Expr, consts map[string]ast.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		if named, ok := consts[e.Name]; ok {
			return constant(named, consts)
		}
	case *ast.BinaryExpr:
		a, ok := constant(e.X, consts)
		b, and := constant(e.Y, consts)
		return a + b, ok && and && e.Op == token.ADD
	}
	return "", false
}

// Each statement can be prepared, and says of each parameter and sum which type it has where another engine would guess.
func TestStatements(t *testing.T) {
	all := statements(t)
	if len(all) < 100 {
		t.Fatalf("only %d statements were found", len(all))
	}
	s, _ := newStore(t)
	db, err := sql.Open("sqlite", another(s.cfg.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	untyped := map[string]*regexp.Regexp{
		"a parameter without a type in a condition": regexp.MustCompile(`(?i)\b(when|and|or)\s+\$\d+\s*(=|<|>|!=)`),
		"a sum whose type differs between engines":  regexp.MustCompile(`(?i)(^|[^(])\bsum\(|[^t]\(coalesce\(sum\(`),
		"a statement that SQLite alone understands": regexp.MustCompile(`(?i)\b(pragma|rowid|sqlite_|glob|ifnull|insert or |replace into|datetime)\b`),
	}
	for text, at := range all {
		if err := prepares(t, db, text); err != nil {
			t.Errorf("%s: %v: %s", at, err, text)
			continue
		}
		for what, is := range untyped {
			if is.MatchString(text) {
				t.Errorf("%s: %s: %s", at, what, text)
			}
		}
	}
}

func prepares(t *testing.T, db *sql.DB, text string) error {
	st, err := db.PrepareContext(t.Context(), text)
	if err == nil {
		defer st.Close()
	}
	return err
}
