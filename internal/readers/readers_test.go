package readers

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/internal/config"
	"sealform/internal/event"
	"sealform/internal/notice"
	"sealform/internal/readers/readerstest"
	"sealform/keys"
	"sealform/keys/private/privatetest"
	"sealform/keys/smime"
)

// office is a form that is sealed to a key file and mailed to a certificate, under a clock of the test's.
type office struct {
	*Set
	t         *testing.T
	dir       string
	at        time.Time
	authority *readerstest.Authority
	end       time.Time // of the certificate
	log       strings.Builder
}

// newOffice reads it with a list that holds until then.
func newOffice(t *testing.T, list time.Duration) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), at: time.Now()}
	o.end = o.at.AddDate(1, 0, 0).UTC().Truncate(time.Second)
	o.authority = readerstest.New(t, o.at)
	o.write("desk.asc", privatetest.Key(t, "Front desk <desk@riverside.example>", "a long key password").Certificate())
	o.write("lawyer.pem", readerstest.PEM(o.authority.Issue("lawyer@office.example", o.end)))
	o.write("ca.pem", readerstest.PEM(o.authority.Cert))
	o.write("office.crl", o.authority.List(o.at.Add(list)))
	signer, _, err := keys.NewSigner("sf-test", o.at)
	if err != nil {
		t.Fatal(err)
	}
	mailer, _, err := smime.NewSigner("forms@riverside.example", o.at)
	if err != nil {
		t.Fatal(err)
	}
	o.Set = New(Config{
		Groups:     map[string][]string{"front-desk": {o.path("desk.asc")}},
		Recipients: map[string]config.Recipient{"lawyer@office.example": {Certificate: o.path("lawyer.pem"), CA: o.path("ca.pem"), CRL: o.path("office.crl")}},
		Signer:     signer, SMIME: mailer, Now: func() time.Time { return o.at }, Events: event.New(slog.NewTextHandler(&o.log, nil)),
	})
	contact := &forms.Form{ID: "contact", To: []string{"front-desk"}}
	visit := &forms.Form{ID: "visit", To: []string{"front-desk"}, Mail: &forms.MailDelivery{To: []forms.MailTo{{Address: "Lawyer@office.example", Level: forms.SMIME}}}}
	if err := errors.Join(errors.Join(o.ReadRecipients()...), errors.Join(o.ReadGroups()...), o.Add(contact), o.Add(visit)); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) path(name string) string { return filepath.Join(o.dir, name) }

func (o *office) write(name string, b []byte) {
	o.t.Helper()
	readerstest.Replace(o.t, o.path(name), b)
}

// pass lets the time go by.
func (o *office) pass(d time.Duration) { o.at = o.at.Add(d + time.Millisecond) }

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s:\n%s", what, d)
	}
}

// TestEndsAndClosed: which forms are closed, from a minute ago at most, and when what vouches for an address ends: a
// revocation list once a newer one is overdue, and no longer when it is there, though no visitor made anybody look.
// covers CR02, CR11
func TestEndsAndClosed(t *testing.T) {
	o := newOffice(t, 24*time.Hour)
	tomorrow := o.at.Add(24 * time.Hour).UTC().Truncate(time.Second)
	ends := func() (got []notice.Ending) {
		for _, e := range o.Ends(o.at) {
			got = append(got, notice.Ending{Name: e.Name, At: e.At.UTC()})
		}
		return got
	}
	same(t, "at first", []notice.Ending{{Name: "lawyer@office.example", At: o.end}}, ends())
	same(t, "at first", []string(nil), o.Closed(o.at))
	o.at = tomorrow.Add(-time.Hour)
	same(t, "a list not renewed", []notice.Ending{{Name: "lawyer@office.example (its revocation list)", At: tomorrow}}, ends())
	o.at = tomorrow.Add(time.Hour)
	same(t, "after its end", []notice.Ending{{Name: "lawyer@office.example (its revocation list)", At: tomorrow}}, ends())
	same(t, "after its end", []string{"visit"}, o.Closed(o.at))
	o.write("office.crl", o.authority.List(tomorrow.AddDate(0, 0, 30)))
	o.pass(recheckAfter)
	same(t, "within the minute", []string{"visit"}, o.Closed(o.at))
	o.pass(closedAge)
	same(t, "renewed", []string(nil), o.Closed(o.at))
	same(t, "renewed", []notice.Ending{{Name: "lawyer@office.example", At: o.end}}, ends())
	if err := os.Remove(o.path("desk.asc")); err != nil {
		t.Fatal(err)
	}
	o.pass(closedAge)
	same(t, "without the group's key", []string{"contact", "visit"}, o.Closed(o.at))
}

// TestOf: who a form is sealed to; why it is closed is told once, not at each visit; and a form that nobody added is closed.
// covers CR02
func TestOf(t *testing.T) {
	o := newOffice(t, 24*time.Hour)
	to, err := o.Of("visit")
	if err != nil || len(to.Store.Fingerprints()) != 1 || len(to.Mails) != 1 || to.Mails[0].To != "Lawyer@office.example" {
		t.Fatalf("%+v: %v", to, err)
	}
	same(t, "stored for", to.Store.Fingerprints(), o.Fingerprints("visit"))
	o.write("desk.asc", []byte("another"))
	o.pass(recheckAfter)
	for range 3 {
		if to, err := o.Of("contact"); to != nil || !errors.Is(err, errKeyChanged) {
			t.Errorf("with another key file: %+v, %v", to, err)
		}
	}
	if log := o.log.String(); strings.Count(log, "msg=closed") != 1 || !strings.Contains(log, "form=contact code=key_changed") {
		t.Errorf("the log:\n%s", log)
	}
	if to, err := o.Of("unknown"); to != nil || err == nil {
		t.Errorf("an unknown form: %+v, %v", to, err)
	}
}

// TestGroupsThatAreNotComplete: a form whose group is not there, has no files or misses one has no readers at all.
// covers CR02
func TestGroupsThatAreNotComplete(t *testing.T) {
	o := newOffice(t, 24*time.Hour)
	o.config.Groups = map[string][]string{"half": {o.path("desk.asc"), o.path("none.asc")}, "empty": nil}
	if faults := o.ReadGroups(); len(faults) != 1 || !errors.Is(faults[0], os.ErrNotExist) {
		t.Errorf("%v", faults)
	}
	for _, to := range []string{"half", "empty", "missing"} {
		if err := o.Add(&forms.Form{ID: to, To: []string{"front-desk", to}}); err != nil {
			t.Errorf("%s: %v", to, err)
		}
		if to, err := o.Of(to); to != nil || err == nil {
			t.Errorf("sealed to %+v, %v", to, err)
		}
	}
}

// TestAddressesWithoutKey: an address under recipients whose key had a fault, is not read yet or can't be is never sealed to
// the form's groups; each form that is mailed to it is closed.
// covers CR02
func TestAddressesWithoutKey(t *testing.T) {
	const fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567"
	for name, c := range map[string]struct {
		recipient config.Recipient
		unsigned  bool
		faults    int
	}{
		"a file that is gone":        {recipient: config.Recipient{Key: "none.asc"}, faults: 1},
		"a key that is another's":    {recipient: config.Recipient{Key: "desk.asc", Fingerprint: fingerprint}, faults: 1},
		"a certificate that is gone": {recipient: config.Recipient{Certificate: "none.pem"}, faults: 1},
		"another's certificate":      {recipient: config.Recipient{Certificate: "lawyer.pem", CA: "ca.pem"}, faults: 1},
		"a person not looked up":     {recipient: config.Recipient{Person: true, Fingerprint: fingerprint}},
		"no key at all":              {},
		"no signer":                  {recipient: config.Recipient{Key: "desk.asc"}, unsigned: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, 24*time.Hour)
			for _, path := range []*string{&c.recipient.Key, &c.recipient.Certificate, &c.recipient.CA} {
				if *path != "" {
					*path = o.path(*path)
				}
			}
			set := o.config
			set.Recipients = map[string]config.Recipient{"b@x.example": c.recipient}
			if c.unsigned {
				set.Signer = nil
			}
			o.Set = New(set)
			if faults := o.ReadRecipients(); len(faults) != c.faults {
				t.Errorf("%v", faults)
			}
			mailed := &forms.Form{ID: "mailed", To: []string{"front-desk"}, Mail: &forms.MailDelivery{To: []forms.MailTo{{Address: "B@x.example"}}}}
			if err := errors.Join(errors.Join(o.ReadGroups()...), o.Add(mailed)); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if to, err := o.Of("mailed"); to != nil || !errors.Is(err, errUnread) {
					t.Errorf("sealed to %+v, %v", to, err)
				}
				o.pass(recheckAfter)
			}
			same(t, "ends", []notice.Ending(nil), o.Ends(o.at))
			if !c.recipient.Person {
				return
			}
			gone := func(context.Context, string, keys.Fingerprint) (*keys.Certificate, error) { return nil, ErrNoKey }
			if faults := o.ReadPersons(t.Context(), gone); len(faults) != 1 || !errors.Is(faults[0], ErrNoKey) {
				t.Errorf("%v", faults)
			}
			if to, err := o.Of("mailed"); to != nil || !errors.Is(err, errUnread) {
				t.Errorf("sealed to %+v, %v", to, err)
			}
		})
	}
}

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
		if d := cmp.Diff(c.want, MailedTo(&c.form)); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}
