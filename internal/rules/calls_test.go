package rules

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSpillingCalls: where visitors' answers arrive, nothing may parse a body into memory and temporary files,
// and nothing may merge the query into it.
// covers IN01, IN06
func TestSpillingCalls(t *testing.T) {
	spill := []string{
		"ParseForm", "ParseMultipartForm", "FormValue", "PostFormValue", "FormFile", "MultipartForm", "PostForm",
		"FormParams", "Bind", "ReadForm",
	}
	places := []string{"intake", "forms", "forms/record", "internal/body", "internal/spool", "internal/web"}
	for _, s := range productSources(t) {
		if !slices.Contains(places, s.dir) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if x, ok := n.(*ast.SelectorExpr); ok && slices.Contains(spill, x.Sel.Name) {
				t.Errorf("%s: %s can put answers into temporary files; read the body as a stream", s.at(x), x.Sel.Name)
			}
			// echo's middleware with a "form:" lookup parses the body as well.
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING && strings.HasPrefix(l.Value, `"form:`) {
				t.Errorf("%s: a form: lookup parses the body", s.at(l))
			}
			return true
		})
	}
}

// TestNewCMSPlace: a stream that keys takes for CMS is made by the package that seals it, and nowhere else.
// covers ML05
func TestNewCMSPlace(t *testing.T) {
	found := 0
	for _, s := range productSources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			x, ok := n.(*ast.SelectorExpr)
			if !ok || x.Sel.Name != "NewCMS" {
				return true
			}
			if found++; s.dir != "keys/smime" {
				t.Errorf("%s: only keys/smime makes CMS messages", s.at(x))
			}
			return true
		})
	}
	if found == 0 {
		t.Error("nobody calls NewCMS: the rule would hold of nothing")
	}
}

// TestSQLPlace: SQL stands in internal/store and its engine alone, and no statement is put together from strings.
func TestSQLPlace(t *testing.T) {
	sql := regexp.MustCompile(`(?is)^\s*(select\s.+\sfrom\s|insert\s+(or\s+\w+\s+)?into\s|update\s+\w+\s+set\s|delete\s+from\s|create\s+(table|index|unique|trigger)\s|pragma\s|begin\s+immediate)`)
	places := map[string]bool{"internal/store": true, "internal/store/engine": true}
	found := 0
	for _, s := range productSources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				if n.Kind != token.STRING || err != nil || !sql.MatchString(text) {
					return true
				}
				found++
				if !places[s.dir] && s.dir != "internal/bench" {
					t.Errorf("%s: SQL outside internal/store", s.at(n))
				}
			case *ast.BinaryExpr:
				if places[s.dir] && n.Op == token.ADD && startsSQL(n, sql) && !constant(n) {
					t.Errorf("%s: a statement is put together with +; bind parameters", s.at(n))
				}
			}
			return true
		})
	}
	if found == 0 {
		t.Error("no SQL found at all: the rule would hold of nothing")
	}
}

// startsSQL finds the first literal of a sum.
func startsSQL(b *ast.BinaryExpr, sql *regexp.Regexp) bool {
	switch x := b.X.(type) {
	case *ast.BinaryExpr:
		return startsSQL(x, sql)
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		return err == nil && sql.MatchString(text)
	}
	return false
}

// constant: literals and package constants (named in lower or upper case, without a call) may be joined.
func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return constant(e.X) && constant(e.Y)
	case *ast.BasicLit, *ast.Ident:
		return true
	}
	return false
}

// TestWhoLogs: what may be logged is decided in internal/event; cmd owns the terminal. Printing anywhere else would
// be a second log without a closed list.
// covers LK01, IN13
func TestWhoLogs(t *testing.T) {
	for _, s := range productSources(t) {
		if s.dir == "cmd/sealform" || s.dir == "internal/bench" {
			continue
		}
		for _, i := range s.imports() {
			// keys knows slog only to hide its guarded types from it.
			if (i == "log" || i == "log/slog" && s.dir != "keys") && s.dir != "internal/event" {
				t.Errorf("%s imports %s; events go through internal/event", s.path, i)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if ok && printing(c.Fun) {
				t.Errorf("%s prints; only cmd speaks to the terminal", s.at(c))
			}
			return true
		})
	}
}

// printing: fmt.Print…, print, println, or a mention of os.Stdout and os.Stderr as an argument's package.
func printing(f ast.Expr) bool {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name == "print" || f.Name == "println"
	case *ast.SelectorExpr:
		x, ok := f.X.(*ast.Ident)
		return ok && x.Name == "fmt" && strings.HasPrefix(f.Sel.Name, "Print")
	}
	return false
}

// TestNoStandardStreams: a writer handed in can be looked at by a test; the process's own cannot.
func TestNoStandardStreams(t *testing.T) {
	for _, s := range productSources(t) {
		if s.dir == "cmd/sealform" || s.dir == "internal/bench" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			x, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			p, ok := x.X.(*ast.Ident)
			if ok && p.Name == "os" && (x.Sel.Name == "Stdout" || x.Sel.Name == "Stderr" || x.Sel.Name == "Exit") {
				t.Errorf("%s: os.%s is for cmd", s.at(x), x.Sel.Name)
			}
			return true
		})
	}
}

// TestNoInitNoPanicValue: product code has no init functions (order decides), and a panic carries a text that says
// what is impossible, or cuts an answer off; never a value that could have come from a visitor.
// covers LK02
func TestNoInitNoPanicValue(t *testing.T) {
	for _, s := range productSources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s: init runs in an order nobody reads; call it from where it is needed", s.at(n))
				}
			case *ast.CallExpr:
				f, ok := n.Fun.(*ast.Ident)
				if !ok || f.Name != "panic" {
					return true
				}
				if s.dir != "templates" && !fixed(n.Args[0]) { // templates: embedded pages, parsed before any visitor comes
					t.Errorf("%s: panic with a text that says what is impossible, or http.ErrAbortHandler", s.at(n))
				}
			}
			return true
		})
	}
}

// fixed: a text, a text with more behind it, or the server's own sign for cutting an answer off.
func fixed(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.BinaryExpr:
		return fixed(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name == "ErrAbortHandler"
	case *ast.CallExpr:
		f, ok := e.Fun.(*ast.SelectorExpr)
		return ok && f.Sel.Name == "Sprintf" && fixed(e.Args[0])
	}
	return false
}
