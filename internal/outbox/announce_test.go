package outbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sealform/internal/notice"
	"sealform/internal/store"
)

const lead = "lead@clinic.example"

func teller(t *testing.T, c *clock, to *taken, n ...notice.Notify) (*Outbox, *store.Store) {
	t.Helper()
	s := openStore(t, t.TempDir(), c)
	t.Cleanup(func() { closeStore(t, s) })
	return New(Config{
		Store: s, Now: c.now, Carriers: Carriers{Note: to.note, Send: newSink(nil).send}, Messages: Messages{From: "forms@clinic.example", Forms: []Form{{ID: "new-patient", Notify: n}}, Link: func(form string, id int64) string {
			return fmt.Sprintf("https://staff.clinic.example/go/%s-%d", form, id)
		}},
	}), s
}

func stored() arrival { return arrival{stored: true} }

func TestNoticeOfOneLeadsToIt(t *testing.T) {
	c, to := newClock(), &taken{}
	o, s := teller(t, c, to, notice.Notify{Email: lead})
	o.round(t.Context())
	if n := len(jobs(t, s, store.Waiting, store.Notice)); n != 0 {
		t.Fatalf("%d notices of nothing", n)
	}
	id := arrive(t, s, c, stored()).ID
	o.round(t.Context())
	o.round(t.Context())
	work(t, o)
	if len(to.notes) != 1 {
		t.Fatalf("%d notices", len(to.notes))
	}
	n := to.notes[0]
	if n.To != lead || n.From != o.From || !strings.HasSuffix(n.MessageID, "@clinic.example") || n.Reply || !n.Date.Equal(c.now()) {
		t.Errorf("%+v", n)
	}
	if want := fmt.Sprintf("/go/new-patient-%d\n", id); !strings.Contains(n.Letter.Text(), want) {
		t.Errorf("no %q in %s", want, n.Letter.Text())
	}
}

func TestNoticesAreCoalesced(t *testing.T) {
	c, to := newClock(), &taken{}
	o, s := teller(t, c, to, notice.Notify{Email: lead}, notice.Notify{Email: "second@clinic.example"})
	arrive(t, s, c, stored())
	o.round(t.Context())
	for range 3 {
		c.add(3 * time.Minute)
		arrive(t, s, c, stored())
		o.round(t.Context())
	}
	if n := work(t, o); n != 2 {
		t.Errorf("%d notices within ten minutes", n)
	}
	c.add(time.Minute)
	o.round(t.Context())
	work(t, o)
	if len(to.notes) != 4 {
		t.Fatalf("%d notices", len(to.notes))
	}
	for _, n := range to.notes[2:] {
		if !strings.Contains(n.Letter.Text(), "3 new submissions") || !strings.Contains(n.Letter.Text(), "/go/new-patient-0") {
			t.Error(n.Letter.Text())
		}
	}
}

// A restart, or another process on the same file, tells nothing twice and leaves nothing out.
func TestTwoPlannersTellOnce(t *testing.T) {
	c, to := newClock(), &taken{}
	seven := notice.Minute(7 * 60)
	o, s := teller(t, c, to, notice.Notify{Email: lead}, notice.Notify{Email: lead, Digest: &seven})
	other := New(o.Config)
	for range 3 {
		arrive(t, s, c, stored())
		o.round(t.Context())
		other.round(t.Context())
		c.add(24 * time.Hour)
	}
	New(o.Config).round(t.Context())
	work(t, o)
	var notices, digests int
	for _, n := range to.notes {
		if strings.HasPrefix(n.Letter.Subject(), "Daily count") {
			digests++
		} else {
			notices++
		}
	}
	if notices != 3 || digests != 3 { // the digest of the third day is told by the last planner
		t.Errorf("%d notices, %d digests", notices, digests)
	}
}

func TestOutsideItsWindowANoticeWaits(t *testing.T) {
	z := zone(t, "Europe/Berlin")
	c, to := newClock(), &taken{}
	weekdays := [7]bool{time.Monday: true, time.Tuesday: true, time.Wednesday: true, time.Thursday: true, time.Friday: true}
	o, s := teller(t, c, to, notice.Notify{Email: lead, When: notice.Window{Days: weekdays, From: 8 * 60, To: 18 * 60}})
	o.Zone = z
	c.to(time.Date(2026, 11, 27, 18, 0, 0, 0, z)) // Friday, just over
	arrive(t, s, c, stored())
	arrive(t, s, c, stored())
	for c.now().Before(time.Date(2026, 11, 30, 7, 59, 30, 0, z)) {
		o.round(t.Context())
		c.add(17 * time.Minute)
	}
	c.to(time.Date(2026, 11, 30, 7, 59, 59, 0, z))
	o.round(t.Context())
	if n := work(t, o); n != 0 {
		t.Errorf("%d notices at the weekend", n)
	}
	c.add(time.Second)
	o.round(t.Context())
	work(t, o)
	if len(to.notes) != 1 || !strings.Contains(to.notes[0].Letter.Text(), "2 new submissions") {
		t.Errorf("%d notices on Monday", len(to.notes))
	}
}

func TestInside(t *testing.T) {
	z := zone(t, "Europe/Berlin")
	day, evening := notice.Window{From: 8 * 60, To: 18 * 60}, notice.Window{From: 22 * 60, To: 24 * 60}
	early := notice.Window{From: 0, To: 60, Days: [7]bool{time.Sunday: true}}
	for _, x := range []struct {
		name   string
		window notice.Window
		at     time.Time
		want   bool
	}{
		{"always", notice.Window{}, time.Date(2026, 11, 21, 3, 0, 0, 0, z), true},
		{"begins", day, time.Date(2026, 11, 21, 8, 0, 0, 0, z), true},
		{"before", day, time.Date(2026, 11, 21, 7, 59, 59, 0, z), false},
		{"last minute", day, time.Date(2026, 11, 21, 17, 59, 59, 0, z), true},
		{"ends", day, time.Date(2026, 11, 21, 18, 0, 0, 0, z), false},
		{"to midnight", evening, time.Date(2026, 11, 21, 23, 59, 59, 0, z), true},
		{"after midnight", evening, time.Date(2026, 11, 22, 0, 0, 0, 0, z), false},
		{"from midnight", early, time.Date(2026, 11, 22, 0, 0, 0, 0, z), true},
		{"the minute before", early, time.Date(2026, 11, 21, 23, 59, 0, 0, z), false},
		{"another day", early, time.Date(2026, 11, 21, 0, 30, 0, 0, z), false},
		{"winter, by the wall clock", day, time.Date(2026, 10, 25, 7, 30, 0, 0, time.UTC), true}, // 08:30 CET
		{"winter, before", day, time.Date(2026, 10, 25, 6, 30, 0, 0, time.UTC), false},           // 07:30 CET
		{"summer, by the wall clock", day, time.Date(2026, 10, 24, 6, 30, 0, 0, time.UTC), true}, // 08:30 CEST
		{"summer begins today", day, time.Date(2026, 3, 29, 6, 0, 0, 0, time.UTC), true},         // 08:00 CEST
		{"the evening of that day", day, time.Date(2026, 3, 29, 16, 0, 0, 0, time.UTC), false},   // 18:00 CEST
		{"days alone", notice.Window{Days: [7]bool{time.Saturday: true}}, time.Date(2026, 11, 21, 23, 0, 0, 0, z), true},
		{"not that day", notice.Window{Days: [7]bool{time.Saturday: true}}, time.Date(2026, 11, 22, 1, 0, 0, 0, z), false},
	} {
		if got := inside(x.window, x.at.In(z)); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

// Each day has one digest, at its hour by the wall clock, whatever summer time does.
func TestLatest(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"} {
		z := zone(t, name)
		for _, at := range []notice.Minute{0, 30, 90, 150, 450, 1439, 1440} {
			var days []int64
			for now := time.Date(2026, 1, 1, 12, 0, 0, 0, z); now.Year() == 2026; now = now.Add(30 * time.Minute) {
				due, day := latest(now, at)
				if due.After(now) || now.Sub(due) > 26*time.Hour {
					t.Fatalf("%s %d: at %v the last was %v", name, at, now, due)
				}
				if len(days) == 0 || days[len(days)-1] != day {
					days = append(days, day)
				}
			}
			if !slices.IsSorted(days) || len(days) < 364 || days[len(days)-1]-days[0] != int64(len(days)-1) {
				t.Errorf("%s %d: %d days, from %d to %d", name, at, len(days), days[0], days[len(days)-1])
			}
		}
	}
}

func TestDigestOfADayWithoutAnything(t *testing.T) {
	c, to := newClock(), &taken{} // 20:00
	at := notice.Minute(7*60 + 30)
	o, s := teller(t, c, to, notice.Notify{Email: lead, Digest: &at})
	o.round(t.Context())
	if n := work(t, o); n != 0 {
		t.Errorf("a digest when the service started")
	}
	c.to(time.Date(2026, 11, 22, 7, 29, 59, 0, time.UTC))
	o.round(t.Context())
	c.add(time.Second)
	o.round(t.Context())
	arrive(t, s, c, stored())
	c.add(time.Hour)
	o.round(t.Context())
	work(t, o)
	if len(to.notes) != 1 || !strings.Contains(to.notes[0].Letter.Text(), "nothing came in") {
		t.Fatalf("%d digests on the first day", len(to.notes))
	}
	c.add(24 * time.Hour)
	New(o.Config).round(t.Context()) // after a restart, an hour late
	work(t, o)
	if len(to.notes) != 2 || !strings.Contains(to.notes[1].Letter.Text(), "1 came in, number 1.") {
		t.Fatalf("%d digests on the second day", len(to.notes))
	}
	if got := to.notes[1].Letter.Subject(); !strings.HasPrefix(got, "Daily count for 23 November 2026, 07:30 (series=") {
		t.Errorf("subject %q", got)
	}
}
