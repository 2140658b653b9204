package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
)

func TestPages(t *testing.T) {
	s, c := newStore(t)
	x := newSealer(t)
	sealed := x.submission(t, "a", []byte("answers")).Answers
	var want []string // of forms a and b, newest first
	names := []string{"a", "b", "c"}
	for i := range 60 {
		sub := x.like(names[i%3], sealed)
		sub.Received = c.Now().Add(time.Duration(i/5) * time.Second) // some at the same moment
		if i%2 == 0 {
			sub.ID -= 1 << 40 // a page that was opened long ago
		}
		put(t, s, sub)
	}
	all, err := s.Page(t.Context(), []string{"a", "b", "none"}, 0, 1000)
	if err != nil || len(all) != 40 {
		t.Fatalf("%d rows: %v", len(all), err)
	}
	for i, r := range all {
		want = append(want, r.Reference)
		if i > 0 && byNewest(all[i-1], r) >= 0 {
			t.Errorf("row %d is not older than the one before", i)
		}
	}
	var got []string
	for before := int64(0); ; {
		rows, err := s.Page(t.Context(), []string{"b", "a"}, before, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			break
		}
		for _, r := range rows {
			got = append(got, r.Reference)
		}
		before = rows[len(rows)-1].ID
		if len(got) == 21 { // erased while someone looks at the page that ends with it
			if err := s.Delete(t.Context(), before, "", staff("erased")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if rows, err := s.Page(t.Context(), nil, 0, 7); len(rows) != 0 || err != nil {
		t.Errorf("no forms: %d rows, %v", len(rows), err)
	}
}

func TestStates(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	var ids []int64
	for range 4 {
		sub := x.submission(t, "contact", []byte("answers"))
		put(t, s, sub)
		ids = append(ids, sub.ID)
	}
	for _, to := range []State{Opened, Done, Spam, Opened, Opened} {
		if err := s.SetState(t.Context(), ids[0], to); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetState(t.Context(), ids[1], Spam); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), ids[2], "", staff("erased")); err != nil {
		t.Fatal(err)
	}
	got, err := s.Counts(t.Context())
	want := map[string]map[State]int64{"contact": {New: 1, Opened: 1, Done: 0, Spam: 1}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	sub, err := s.Submission(t.Context(), ids[0])
	if err != nil || sub.State != Opened || !sub.LeafOK {
		t.Errorf("%+v %v", sub, err)
	}
	for _, id := range []int64{ids[2], 77} {
		if err := s.SetState(t.Context(), id, Done); !errors.Is(err, ErrNotFound) {
			t.Errorf("not there: %v", err)
		}
	}
	for _, to := range []State{-1, 4} {
		if err := s.SetState(t.Context(), ids[0], to); err == nil {
			t.Errorf("state %d was taken", to)
		}
	}
}

func TestByReference(t *testing.T) {
	s, _ := newStore(t)
	sub := newSealer(t).submission(t, "contact", []byte("answers"))
	sub.Reference = "R0K-1Q2"
	put(t, s, sub)
	for _, written := range []string{"R0K-1Q2", "r0k1q2", " r0k 1q2 ", "ROK-IQ2", "rok – lq2", "R0K‐1Q2", "R0K\t—1Q2"} {
		if id, err := s.ByReference(t.Context(), written); err != nil || id != sub.ID {
			t.Errorf("%q: %d %v", written, id, err)
		}
	}
	for _, written := range []string{"", "R0K-1Q", "R0K-1Q22", "R0K-1Q3", "' or 1=1 --"} {
		if _, err := s.ByReference(t.Context(), written); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", written, err)
		}
	}
}

func TestRevisions(t *testing.T) {
	s, _ := newStore(t)
	one, two := forms.Revision{1}, forms.Revision{2}
	for _, r := range []struct {
		form      string
		rev       forms.Revision
		questions string
	}{{"contact", one, "q1"}, {"contact", two, "q2"}, {"contact", one, "other"}, {"intake", one, "q3"}} {
		if err := s.SaveRevision(t.Context(), r.form, r.rev, []byte(r.questions)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Revisions(t.Context(), "contact")
	if diff := cmp.Diff(map[forms.Revision][]byte{one: []byte("q1"), two: []byte("q2")}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// What belongs to no form is no form of the inbox, and none whose numbers are verified.
func TestJobsOfNoFormAreNoForm(t *testing.T) {
	s, c := newStore(t)
	put(t, s, newSealer(t).submission(t, "contact", []byte("answers")))
	for _, j := range []Job{{Channel: Alarm, To: "ops@clinic.example"}, {Channel: Webhook, To: "crm", About: `{"test":true}`}} {
		if _, err := s.Enqueue(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	jobs, lease := claimed(t, s)
	if err := s.Sent(t.Context(), jobs[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := s.GiveUp(t.Context(), jobs[1].ID, lease, "refused"); err != nil {
		t.Fatal(err)
	}
	counts, err := s.Counts(t.Context())
	want := map[string]map[State]int64{"contact": {New: 1, Opened: 0, Done: 0, Spam: 0}}
	if diff := cmp.Diff(want, counts); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if rows, err := s.Page(t.Context(), []string{"", "contact"}, 0, 50); len(rows) != 1 || err != nil {
		t.Errorf("%d rows: %v", len(rows), err)
	}
	c.add(time.Hour)
	if err := s.Sweep(t.Context()); err != nil { // it notes the forms' numbers
		t.Fatal(err)
	}
	if f := findings(t, s); len(f) != 0 {
		t.Error(f)
	}
}
