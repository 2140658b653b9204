package text

import "testing"

func TestClosest(t *testing.T) {
	known := []string{"label", "hint", "optional", "options", "required", "max", "min", "id"}
	for _, c := range []struct{ name, want string }{
		{"lable", "label"},
		{"requred", "required"}, //nolint:misspell // a slip on purpose
		{"option", "options"},
		{"optionl", "optional"},
		{"maks", ""},
		{"mx", "max"},
		{"lbl", ""},
		{"colour", ""},
		{"", ""},
		{"label", "label"},
		{"höint", "hint"},
	} {
		if got := Closest(c.name, known); got != c.want {
			t.Errorf("Closest(%q) = %q, want %q", c.name, got, c.want)
		}
	}
}
