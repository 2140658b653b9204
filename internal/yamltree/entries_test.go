package yamltree

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entries walks a list of addresses, each with a level or without.
func entries(src string) (got []string, faults string) {
	t := Parse("sealform.yaml", []byte(src))
	m := t.Mapping()
	for _, e := range m.Entries("to", "address") {
		e.Need("address", "Write the address.")
		got = append(got, e.Text("address")+"/"+e.Text("level"))
		e.Done()
	}
	m.Done()
	var all []string
	for _, f := range t.Faults() {
		all = append(all, itoa(f.Line)+":"+itoa(f.Column)+" "+f.Message+" | "+f.Mend)
	}
	return got, strings.Join(all, "\n")
}

func TestEntries(t *testing.T) {
	for _, c := range []struct {
		src, faults string
		want        []string
	}{
		{"to: [a, { address: b, level: c }, 'd']", "", []string{"a/", "b/c", "d/"}},
		{"to:\n  - a\n  - address: b\n    level: c\n", "", []string{"a/", "b/c"}},
		{"to: a", "", []string{"a/"}},
		{"to: { address: a, level: b }", "", []string{"a/b"}},
		{"other: a", `1:1 unknown setting "other" | Remove it, or check its spelling.`, nil},
		{"to:", `1:4 "to" is empty | Give it a value, or remove the line.`, nil},
		{"to: []", `1:5 "to" is empty | Give at least one, or remove the line.`, nil},
		{"to:\n  - a\n  -\n", `3:4 "address" is empty in "to" | Give it a value, or remove the line.`, []string{"a/", "/"}},
		{"to: [[a], b]", `1:6 each item of "to" must be a text, or hold settings | Write the item alone, or as { address: … }.`, []string{"b/"}},
		{"to: [{ level: b, adress: c }]", `1:6 "address" is missing in "to" | Write the address.` + "\n" + //nolint:misspell // a slip on purpose
			`1:18 unknown setting "adress" in "to" | Did you mean "address"?`, []string{"/b"}}, //nolint:misspell // a slip on purpose
	} {
		got, faults := entries(c.src)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q:\n%s", c.src, d)
		}
		if d := cmp.Diff(c.faults, faults); d != "" {
			t.Errorf("%q:\n%s", c.src, d)
		}
	}
}
