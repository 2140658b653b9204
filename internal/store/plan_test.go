package store

import (
	"strings"
	"testing"
)

// A page is read from the index, in order: sorting or scanning would slow it down with age.
func TestPagePlan(t *testing.T) {
	s, _ := newStore(t)
	var plan []string
	err := s.each(t.Context(), `explain query plan `+newestFirst, []any{1, 2, 3, 4}, func(scan func(...any) error) error {
		var id, parent, unused int
		var line string
		err := scan(&id, &parent, &unused, &line)
		plan = append(plan, line)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan) != 1 || !strings.Contains(plan[0], "SEARCH submission USING INDEX submission_received (form=? AND received<?)") {
		t.Errorf("plan: %q", plan)
	}
}
