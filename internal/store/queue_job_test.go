package store

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sealform/forms/record"
	"sealform/internal/sealedaddress"
)

// several puts a submission with a mail to each of two addresses, a webhook and a receipt, and a second with a mail.
func several(t testing.TB, s *Store, x *sealer) (subs []*record.Submission) {
	t.Helper()
	for range 2 {
		sub := x.submission(t, "contact", []byte("answers"))
		sub.Mails = mailOnly(t, x).Mails
		subs = append(subs, sub)
	}
	subs[0].Mails = append(subs[0].Mails, record.Mail{To: "ito@clinic.example", MessageID: "n@clinic", Body: x.stream(t, bytesOf([]byte("hers")))})
	subs[0].Webhooks = []string{"crm"}
	subs[0].Receipt = &sealedaddress.Address{Sealed: []byte("sealed address"), Marks: []sealedaddress.Mark{{MAC: [32]byte{1}, Most: 3}}}
	for _, sub := range subs {
		put(t, s, sub)
	}
	return subs
}

// changesOfJobs are what somebody with the file may write into a delivery: to whom, what, because of what. None may go out.
var changesOfJobs = map[string]string{
	"address":       `address = 'eve@elsewhere.example'`,
	"channel":       `channel = 'notice'`,
	"form":          `form = 0`,
	"submission":    `submission = submission + 1`,
	"reference":     `reference = 'AAA-AAA'`,
	"number":        `seq = 9`,
	"message id":    `message_id = 'other@clinic'`,
	"received":      `received = received - 1`,
	"another body":  `upload = (select upload from outbox b where b.address = 'ito@clinic.example')`,
	"no body":       `upload = 0, chunks = 0`,
	"chunks":        `chunks = chunks + 1`,
	"size":          `size = size + 1`,
	"about":         `about = '{"too_large":true}'`,
	"mac":           `mac = zeroblob(32)`,
	"no mac":        `mac = x''`,
	"another's mac": `mac = (select mac from outbox b where b.address = 'ito@clinic.example')`,
	"another id":    `id = id + 1000000`,
	"number's type": `size = 'large'`,
	"text's type":   `address = x'00ff'`,
	"bytes' type":   `sealed = 'text'`,
	"time's type":   `made = 'yesterday'`,
	"form's type":   `form = 'contact'`,
	"half a number": `attempts = 0.5`,
}

// A delivery that was changed in the database is told from the others wherever it is read, fails none of them, and can be
// given up. covers ML03 CR07
func TestChangedDeliveries(t *testing.T) {
	for name, change := range changesOfJobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := newStore(t)
			subs := several(t, s, newSealer(t))
			if f := findings(t, s); len(f) != 0 {
				t.Fatal(f)
			}
			tamper(t, s, `update outbox set `+change+` where channel = 'mail' and seq = 2`)
			check := func(what string, jobs []Job, err error) (changed Job) {
				t.Helper()
				n := 0
				for _, j := range jobs {
					if j.Changed {
						changed = j
						n++
					}
				}
				if err != nil || n != 1 || len(jobs) != 5 {
					t.Fatalf("%s: %d of %d were changed: %v", what, n, len(jobs), err)
				}
				return changed
			}
			lease := c.Now().Add(time.Minute)
			jobs, err := s.Claim(t.Context(), everyChannel, 100, lease)
			bad := check("claimed", jobs, err)
			j, _, err := s.Job(t.Context(), bad.ID)
			if err != nil || !j.Changed {
				t.Errorf("by itself: %+v %v", j, err)
			}
			found := "delivery " + strconv.FormatInt(bad.ID, 36) + " of submission " + subs[1].Reference + " was changed"
			if name == "reference" {
				found = strings.ReplaceAll(found, subs[1].Reference, "AAA-AAA")
			}
			if f := findings(t, s); !slices.Equal(f, []string{found}) {
				t.Errorf("%q, want %q", f, found)
			}
			if err := s.GiveUp(t.Context(), bad.ID, lease, "changed"); err != nil {
				t.Fatal(err)
			}
			if j, log := stateOf(t, s, bad.ID); j.State != Dead || j.LastError != "changed" || !slices.Equal(log, []string{"changed"}) {
				t.Errorf("given up: %+v %v", j, log)
			}
			if left, err := s.JobCounts(t.Context(), nil); err != nil || left[Waiting] != 4 || left[Dead] != 1 {
				t.Errorf("counted %v: %v", left, err)
			}
		})
	}
}

// A row whose type of a column is wrong is listed among the others.
func TestWrongTypesFailNoListing(t *testing.T) {
	s, _ := newStore(t)
	several(t, s, newSealer(t))
	tamper(t, s, `update outbox set received = 'x', size = x'00', seq = 1.5, reference = x'00', about = x'00', message_id = x'00'
		where channel = 'mail' and address = 'ito@clinic.example'`)
	jobs, err := s.Jobs(t.Context(), JobFilter{State: Waiting})
	if n := len(slices.DeleteFunc(jobs, func(j Job) bool { return !j.Changed })); err != nil || n != 1 {
		t.Errorf("%d were changed: %v", n, err)
	}
}

// A state that there is not fails nothing, and counts nowhere.
func TestUnknownStates(t *testing.T) {
	s, _ := newStore(t)
	several(t, s, newSealer(t))
	jobs, lease := claimed(t, s)
	for _, state := range []string{`9`, `-1`, `'sent'`} {
		tamper(t, s, `update outbox set state = `+state)
		if again, _ := claimed(t, s); len(again) != 0 && state != `'sent'` {
			t.Errorf("state %s is due", state)
		}
		for _, do := range []func(int64) error{
			func(id int64) error { return s.Retry(t.Context(), id, lease, s.cfg.Now(), "timeout") },
			func(id int64) error { return s.GiveUp(t.Context(), id, lease, "refused") },
			func(id int64) error { return s.RetryNow(t.Context(), id) },
			func(id int64) error { return s.Sent(t.Context(), id) },
		} {
			if err := do(jobs[0].ID); err != nil {
				t.Errorf("state %s: %v", state, err)
			}
		}
	}
}

// What the store itself writes into a delivery leaves it whole: tried, sent, given up, put aside, revived, hastened, its
// address wiped.
func TestDeliveriesStayWhole(t *testing.T) {
	cfg := config(t, newClock())
	s := openStore(t, cfg)
	several(t, s, newSealer(t))
	if _, err := s.Enqueue(t.Context(), Job{Channel: Alarm, To: "ops@clinic.example", About: `{"matter":"queue-old"}`}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.EnqueueUpTo(t.Context(), Job{Channel: Notice, Form: "contact", To: "ops@clinic.example"}, 2); err != nil {
		t.Fatal(err)
	}
	jobs, lease := claimed(t, s)
	for i, end := range []func(Job) error{
		func(j Job) error { return s.Sent(t.Context(), j.ID) },
		func(j Job) error { return s.Retry(t.Context(), j.ID, lease, s.cfg.Now().Add(time.Hour), "timeout") },
		func(j Job) error { return s.GiveUp(t.Context(), j.ID, lease, "refused") },
	} {
		if err := end(jobs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutAside(t.Context(), jobs[2].ID); err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs[:3] {
		if err := s.RetryNow(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, j := range jobs {
		if j.Channel == Receipt {
			if err := s.End(t.Context(), j.ID, lease, "no-address"); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, handle := range []*Store{s, openStore(t, cfg)} {
		for _, j := range jobs {
			if now, _ := stateOf(t, handle, j.ID); j.Changed || now.Changed {
				t.Errorf("it was changed: %+v", now)
			}
		}
		if f := findings(t, handle); len(f) != 0 || len(jobs) != 7 {
			t.Errorf("%d jobs: %q", len(jobs), f)
		}
	}
}

// Removing a sent delivery whose row was changed removes nobody else's body with it.
func TestChangedDeliveryRemovesNoOthersBody(t *testing.T) {
	s, c := newStore(t)
	several(t, s, newSealer(t))
	jobs, _ := claimed(t, s)
	upload := func(to string) (of Job) {
		for _, j := range jobs {
			if j.To == to && j.Seq == 1 {
				of = j
			}
		}
		return of
	}
	sent, waits := upload("front@clinic.example"), upload("ito@clinic.example")
	if err := s.Sent(t.Context(), sent.ID); err != nil {
		t.Fatal(err)
	}
	tamper(t, s, `update outbox set upload = $1, size = 'x' where id = $2`, waits.Upload, sent.ID)
	if n, err := s.PurgeSent(t.Context(), c.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if b := readUpload(t, s, waits.Upload); int64(len(b)) != waits.Size {
		t.Errorf("%d bytes are left of the other's %d", len(b), waits.Size)
	}
}
