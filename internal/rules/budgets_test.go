package rules

import (
	"go/ast"
	"slices"
	"testing"
)

// Budgets of product code, in lines. What is longer holds a second idea.
const (
	funcBudget = 50
	fileBudget = 500
)

// overBudget lists what a reviewer accepted as longer, with the reason.
var overBudget = map[string]string{}

// TestBudgets lists every function and file over its budget.
func TestBudgets(t *testing.T) {
	used := map[string]bool{}
	over := func(name string, lines, budget int, what string) {
		if lines <= budget {
			return
		}
		if _, accepted := overBudget[name]; accepted {
			used[name] = true
			return
		}
		t.Errorf("%s: %s has %d lines, budget %d", name, what, lines, budget)
	}
	for _, s := range productSources(t) {
		line := func(n ast.Node) (int, int) {
			return s.set.Position(n.Pos()).Line, s.set.Position(n.End()).Line
		}
		_, last := line(s.file)
		over(s.path, last, fileBudget, "the file")
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				from, to := line(f)
				over(s.path+" "+funcName(f), to-from+1, funcBudget, "the function")
			}
		}
	}
	for name := range overBudget {
		if !used[name] {
			t.Errorf("%s is within its budget again; take it off the list", name)
		}
	}
}

// funcName gives "Store.Put" or "open".
func funcName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	if p, ok := receiver.(*ast.StarExpr); ok {
		receiver = p.X
	}
	if g, ok := receiver.(*ast.IndexExpr); ok {
		receiver = g.X
	}
	if id, ok := receiver.(*ast.Ident); ok {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// sortedSet sorts a copy and drops repeats.
func sortedSet(names []string) []string {
	c := slices.Clone(names)
	slices.Sort(c)
	return slices.Compact(c)
}
