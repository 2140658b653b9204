package rules

import (
	"go/ast"
	"slices"
	"testing"
)

// TestMends: whoever is told that a form file is wrong is told how to mend it.
func TestMends(t *testing.T) {
	faults := []string{"Fault", "FaultAtName", "FaultItem", "Warn", "Refuse", "Need", "Hint", "Whole", "At", "at"}
	found := 0
	for _, s := range productSources(t) {
		if s.dir != "forms/file" && s.dir != "internal/yamltree" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains(faults, f.Sel.Name) || len(call.Args) < 2 {
				return true
			}
			found++
			if mend, ok := call.Args[len(call.Args)-1].(*ast.BasicLit); ok && len(mend.Value) == 2 {
				t.Errorf("%s: a fault without a word on how to mend it", s.at(call))
			}
			return true
		})
	}
	if found < 50 {
		t.Errorf("found only %d places that tell faults", found)
	}
}
