package file_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/forms/formstest"
	"sealform/internal/notice"
)

const everyDelivery = `  store: { keep: 90d }
  mail:
    to:
      - frontdesk@riverside.example
      - { address: lawyer@office.example, level: smime }
      - { address: sam@riverside.example, level: notice }
      - address: dana@riverside.example
        level: pgp
  notify:
    - ops@riverside.example
    - { email: desk@riverside.example, when: weekdays 08:00-18:00 }
    - { email: desk@riverside.example, digest: "07:30" }
    - { email: sam@riverside.example, digest: 16:00 }
  webhooks: [crm, backup-2]
  receipt: { to: email, text: "A visit costs $20. We call you back." }
`

func TestParseReadsEveryDelivery(t *testing.T) {
	f := formstest.Delivered(t, everyDelivery)
	early, late := notice.Minute(7*60+30), notice.Minute(16*60)
	want := &forms.Form{
		Store: &forms.StoreDelivery{Keep: 90 * 24 * time.Hour},
		Mail: &forms.MailDelivery{To: []forms.MailTo{
			{Address: "frontdesk@riverside.example"},
			{Address: "lawyer@office.example", Level: forms.SMIME},
			{Address: "sam@riverside.example", Level: forms.Notice},
			{Address: "dana@riverside.example", Level: forms.PGP},
		}},
		Notify: []notice.Notify{
			{Email: "ops@riverside.example"},
			{Email: "desk@riverside.example", When: notice.Window{Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, From: 8 * 60, To: 18 * 60}},
			{Email: "desk@riverside.example", Digest: &early},
			{Email: "sam@riverside.example", Digest: &late},
		},
		Webhooks: []string{"crm", "backup-2"},
		Receipt:  &forms.Receipt{Field: "email", Text: "A visit costs $20. We call you back."},
	}
	got := &forms.Form{Store: f.Store, Mail: f.Mail, Notify: f.Notify, Webhooks: f.Webhooks, Receipt: f.Receipt}
	if d := cmp.Diff(want.Store, got.Store) + cmp.Diff(want.Mail, got.Mail) + cmp.Diff(want.Notify, got.Notify) +
		cmp.Diff(want.Webhooks, got.Webhooks) + cmp.Diff(want.Receipt, got.Receipt); d != "" {
		t.Error(d)
	}
	if w := warnings(t, strings.Replace(formstest.Head, "deliver: { store: { keep: 12h } }\n", "deliver:\n"+everyDelivery, 1)+formstest.ContactFields); len(w) > 0 {
		t.Error(w)
	}
	if plain := formstest.Delivered(t, "  store: { keep: 12h }\n"); plain.Revision != f.Revision || plain.Receipt != nil {
		t.Error("delivery changes the revision, or visitors get mail unasked")
	}
}

func TestWindows(t *testing.T) {
	weekdays := [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}
	for when, want := range map[string]notice.Window{
		"always":                     {},
		"daily":                      {},
		"daily 07:00-20:00":          {From: 7 * 60, To: 20 * 60},
		"7:00-20:30":                 {From: 7 * 60, To: 20*60 + 30},
		"weekdays":                   {Days: weekdays},
		"mon-fri 8:00-17:00":         {Days: weekdays, From: 8 * 60, To: 17 * 60},
		"Mon – Fri 8:00 – 17:00":     {Days: weekdays, From: 8 * 60, To: 17 * 60},
		"mon,wed 09:00-12:00":        {Days: [7]bool{1: true, 3: true}, From: 9 * 60, To: 12 * 60},
		"Monday, Wednesday":          {Days: [7]bool{1: true, 3: true}},
		"fri-mon 00:00-24:00":        {Days: [7]bool{0: true, 1: true, 5: true, 6: true}, To: 24 * 60},
		"sun,tue-thu,sat 0:00-00:01": {Days: [7]bool{0: true, 2: true, 3: true, 4: true, 6: true}, To: 1},
		"mon-sun 12:00-13:00":        {Days: [7]bool{true, true, true, true, true, true, true}, From: 12 * 60, To: 13 * 60},
	} {
		f := formstest.Delivered(t, "  store: { keep: 1d }\n  notify: [ { email: a@x.example, when: \""+when+"\" } ]\n")
		if d := cmp.Diff(want, f.Notify[0].When); d != "" {
			t.Errorf("%s:\n%s", when, d)
		}
	}
	for _, when := range []string{
		"never", "08:00", "08:00-", "-18:00", "8-17", "08:00-08:00", "08:00–18:00 weekdays", "weekdays,sat", "mon--fri", "mon,", "mo 08:00-18:00",
		"25:00-26:00", "08:60-09:00", "24:00-24:00", "weekdays 08:00-18:00 UTC", "always 08:00-18:00", "-", "weekdays08:00-18:00", "٠٨:٠٠-18:00",
	} {
		src := strings.Replace(formstest.Head, "deliver: { store: { keep: 12h } }\n", "deliver:\n  store: { keep: 1d }\n  notify: [ { email: a@x.example, when: \""+when+"\" } ]\n", 1)
		if f, err := file.Parse("try.yaml", []byte(src+formstest.ContactFields)); err == nil {
			t.Errorf("%q was read as %+v", when, f.Notify[0].When)
		}
	}
}
