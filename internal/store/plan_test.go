package store

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// planOf is how SQLite goes about a query.
func planOf(t testing.TB, s *Store, query string, args ...any) (plan []string) {
	t.Helper()
	err := s.db.Each(t.Context(), `explain query plan `+query, args, func(scan func(...any) error) error {
		var id, parent, unused int
		var line string
		err := scan(&id, &parent, &unused, &line)
		plan = append(plan, line)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// A page is read from the index, in order: sorting or scanning would slow it down with age.
func TestPagePlan(t *testing.T) {
	s, _ := newStore(t)
	plan := planOf(t, s, newestFirst, 1, 2, 3, 4)
	if len(plan) != 1 || !strings.Contains(plan[0], "SEARCH submission USING INDEX submission_received (form=? AND received<?)") {
		t.Errorf("plan: %q", plan)
	}
}

// With 10,000 jobs waiting and 100,000 sent (a tenth of that without SOAK: filling is slow under the race detector) nothing
// reads more of the outbox than it gives, but for the index of what waits; also when somebody ran ANALYZE. covers R10
func TestOutboxPlans(t *testing.T) {
	s, c := newStore(t)
	waiting, sent := 1000, 10_000
	if os.Getenv("SOAK") != "" {
		waiting, sent = 10_000, 100_000
	}
	fillJobs(t, s, waiting, sent)
	check := func() {
		t.Helper()
		for _, x := range []struct{ what, query, plan string }{
			{"claim", longestDue, "SEARCH outbox USING INDEX outbox_due (channel=? AND due<?)"},
			{"list", newestJobs, "SEARCH outbox USING COVERING INDEX outbox_form (form=? AND state=? AND id<?)"},
			{"one", `select id from outbox where id = $1`, "SEARCH outbox USING INTEGER PRIMARY KEY (rowid=?)"},
			{"purge", sentBefore, "SEARCH outbox USING INDEX outbox_ended (ended<?)"},
			{"erase", jobsOf, "MERGE (UNION); LEFT; SEARCH outbox USING INTEGER PRIMARY KEY (rowid>? AND rowid<?); RIGHT; " +
				"SEARCH outbox USING INDEX outbox_notice (submission=?)"},
			{"due in the future", futureDue, "SEARCH outbox USING COVERING INDEX outbox_due (channel=? AND due>?)"},
			{"made in the future", futureMade, "SEARCH outbox USING INDEX outbox_later (channel=? AND made>?)"},
			{"leased into the future", futureLease, "SEARCH outbox USING COVERING INDEX outbox_lease (lease>?)"},
			{"hasten", laterDue, "SEARCH outbox USING INDEX outbox_form (form=? AND state=? AND id>?)"},
			{"next id", lastJob, "SEARCH outbox"},
			{"log", newestAttempts, "SEARCH attempt USING PRIMARY KEY (job=?)"},
		} {
			if plan := planOf(t, s, x.query, 1, 2, 3, 4); strings.Join(plan, "; ") != x.plan {
				t.Errorf("%s: plan %q, want %q", x.what, plan, x.plan)
			}
		}
	}
	check()
	tamperSchema(t, s, `analyze`)
	s2 := openStore(t, s.cfg)
	check()
	for _, s := range []*Store{s, s2} {
		jobs, err := s.Claim(t.Context(), []Channel{Webhook, Mail}, 5, c.Now().Add(time.Minute))
		if err != nil || len(jobs) != 5 || !slices.IsSortedFunc(jobs, func(a, b Job) int { return int(a.ID - b.ID) }) {
			t.Errorf("claimed %+v: %v", jobs, err)
		}
		list, err := s.Jobs(t.Context(), JobFilter{State: Sent, Forms: []string{"new-patient"}, Limit: 3})
		if err != nil || len(list) != 3 || list[0].Form != "new-patient" || list[0].State != Sent {
			t.Errorf("listed %+v: %v", list, err)
		}
	}
	counted(t, s, int64(waiting), int64(sent), 0)
	counted(t, s, int64(waiting/2), int64(sent/2), 0, "contact")
	if n, oldest, err := s.Waiting(t.Context()); n != int64(waiting) || !oldest.Equal(c.Now()) || err != nil {
		t.Errorf("%d since %v: %v", n, oldest, err)
	}
}
