package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/internal/event"
	"sealform/internal/outbox"
)

// TestMailedTo: whoever gets answers, and not who is only told; a form that mails nobody has an empty list, not none.
func TestMailedTo(t *testing.T) {
	for name, c := range map[string]struct {
		form forms.Form
		want []string
	}{
		"mails nobody": {forms.Form{}, []string{}},
		"mails two": {
			forms.Form{Mail: &forms.MailDelivery{To: []forms.MailTo{{Address: "a@x.example"}, {Address: "b@x.example", Level: forms.Notice}, {Address: "c@x.example", Level: forms.SMIME}}}},
			[]string{"a@x.example", "c@x.example"},
		},
		"tells one": {forms.Form{Mail: &forms.MailDelivery{To: []forms.MailTo{{Address: "b@x.example", Level: forms.Notice}}}}, []string{}},
	} {
		if d := cmp.Diff(c.want, mailedTo(&c.form)); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

// TestWhatTheOutboxIsTold: which forms are closed, from a minute ago at most, and when what vouches for an address ends: a
// revocation list once a newer one is overdue, and no longer when it is there, though no visitor made anybody look.
// covers CR02, CR11
func TestWhatTheOutboxIsTold(t *testing.T) {
	c := &shifted{}
	office := newIssuer(t, c.now())
	end, tomorrow := c.now().AddDate(1, 0, 0).UTC().Truncate(time.Second), c.now().Add(24*time.Hour).UTC().Truncate(time.Second)
	f := lawyer(t, c, localhostAddress(t), inPEM(office.issue("lawyer@office.example", end)), inPEM(office.cert), office.list(tomorrow))
	h := f.house(t, c.now, event.Nothing())
	theirs := func() (got []outbox.Ending) {
		for _, e := range h.ending(c.now()) {
			if e.Name != "the certificate that signs S/MIME mail" {
				got = append(got, outbox.Ending{Name: e.Name, At: e.At.UTC()})
			}
		}
		return got
	}
	same := func(what string, want, got any) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s:\n%s", what, d)
		}
	}
	same("at first", []outbox.Ending{{Name: "lawyer@office.example", At: end}}, theirs())
	same("at first", []string(nil), h.closed(c.now()))
	if out := f.do(t, program{}, "keys", "list"); !strings.Contains(out, "  lawyer.pem, S/MIME, ends on "+end.Format("2 January 2006")+"\n") {
		t.Errorf("keys list:\n%s", out)
	}
	c.to(tomorrow.Add(-time.Hour))
	same("a list not renewed", []outbox.Ending{{Name: "lawyer@office.example (its revocation list)", At: tomorrow}}, theirs())
	c.to(tomorrow.Add(time.Hour))
	same("after its end", []outbox.Ending{{Name: "lawyer@office.example (its revocation list)", At: tomorrow}}, theirs())
	same("after its end", []string{"visit"}, h.closed(c.now()))
	replace(t, f.path("keys", "office.crl"), office.list(tomorrow.AddDate(0, 0, 30)))
	c.past(recheckAfter)
	same("within the minute", []string{"visit"}, h.closed(c.now()))
	c.past(lookAtForms)
	same("renewed", []string(nil), h.closed(c.now()))
	same("renewed", []outbox.Ending{{Name: "lawyer@office.example", At: end}}, theirs())
	if err := os.Remove(f.path("keys", "front-desk.asc")); err != nil {
		t.Fatal(err)
	}
	c.past(lookAtForms)
	same("without the group's key", []string{"contact", "visit"}, h.closed(c.now()))
}
