package forms

import "testing"

// TestRulesTable: every row has what it needs, and every rule that parsing makes has a row.
func TestRulesTable(t *testing.T) {
	for name, r := range table {
		if r.compile != nil && r.say == nil {
			t.Errorf("%s checks and says nothing", name)
		}
		if r.compile == nil && r.say != nil {
			t.Errorf("%s speaks and checks nothing", name)
		}
	}
	f := &Field{ID: "a", Rules: []Rule{{"nonsense", ""}}}
	if f.compile() == nil {
		t.Error("a rule without a row compiles")
	}
}
