package yamltree_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/yamltree"
)

var hostile = yamltree.Faults{
	{File: "forms/a,b:c%.yaml", Line: 5, Column: 3, Width: 4, Message: "\"x\"\n::stop-commands::y", Mend: "Remove it: 100 %."},
	{File: "b.yaml", Message: "is empty <b>", Mend: "Write into it.", Warning: true},
}

// A file's own words cannot begin a command of their own.
func TestGitHubCommands(t *testing.T) {
	var b bytes.Buffer
	if err := hostile.WriteGitHub(&b); err != nil {
		t.Fatal(err)
	}
	want := "::error file=forms/a%2Cb%3Ac%25.yaml,line=5,col=3,endColumn=7::\"x\"%0A::stop-commands::y. Remove it: 100 %25.\n" +
		"::warning file=b.yaml::is empty <b>. Write into it.\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := hostile.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"errors": 1.0, "warnings": 1.0, "faults": []any{
		map[string]any{
			"file": "forms/a,b:c%.yaml", "line": 5.0, "column": 3.0, "width": 4.0, "severity": "error",
			"message": "\"x\"\n::stop-commands::y", "mend": "Remove it: 100 %.",
		},
		map[string]any{
			"file": "b.yaml", "line": 0.0, "column": 0.0, "width": 0.0, "severity": "warning",
			"message": "is empty <b>", "mend": "Write into it.",
		},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	b.Reset()
	if err := yamltree.Faults(nil).WriteJSON(&b); err != nil || !bytes.Contains(b.Bytes(), []byte(`"faults": []`)) {
		t.Errorf("nothing wrong: %v %s", err, b.String())
	}
}
