package main

import (
	"bytes"
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sealform/internal/demo/postbox"
	"sealform/internal/readers"
	"sealform/internal/readers/readerstest"
	"sealform/keys"
	"sealform/keys/private"
)

// recheckAfter is how old a service's knowledge of keys may be.
const recheckAfter = 2 * time.Second

const mailedToLawyer = "  store: { keep: 30d }\n  mail: { to: [ { address: lawyer@office.example, level: smime } ] }\n"

// lawyer makes a service one of whose forms is mailed to a certificate of the office, with a revocation list where one is
// given.
func lawyer(t *testing.T, c *shifted, relay string, certificate, ca, list []byte) *folder {
	t.Helper()
	f := newFolder(t, c.now())
	settings := "certificate: keys/lawyer.pem, ca: keys/ca.pem"
	files := map[string][]byte{"lawyer.pem": certificate, "ca.pem": ca}
	if list != nil {
		settings, files["office.crl"] = settings+", crl: keys/office.crl", list
	}
	for name, b := range files {
		readerstest.Replace(t, f.path("keys", name), b)
	}
	f.configure(t, relayed(relay)+"recipients:\n  Lawyer@Office.example: { "+settings+" }\n")
	f.form(t, mailedToLawyer)
	if out := f.do(t, f.program(c), "keys", "smime", "--make"); !strings.Contains(out, "BEGIN CERTIFICATE") {
		t.Fatalf("keys smime: %s", out)
	}
	return f
}

// TestACertificateEnds: at the moment when an address's certificate ends its form closes, also for who has it open.
// Nothing more is sealed to it, and what waits goes out all the same.
// covers CR02, CR11
func TestACertificateEnds(t *testing.T) {
	c := &shifted{}
	office := readerstest.New(t, c.now())
	ends := c.now().Add(time.Hour).Truncate(time.Second)
	relay := localhostAddress(t)
	f := lawyer(t, c, relay, readerstest.PEM(office.Issue("lawyer@office.example", ends)), readerstest.PEM(office.Cert), nil)
	if out := f.do(t, program{}, "keys", "list"); !strings.Contains(out, "  lawyer.pem, S/MIME, ends on "+ends.UTC().Format("2 January 2006")+"\n") {
		t.Errorf("keys list:\n%s", out)
	}
	r := startAs(t, f.program(c), f.serveArgs()...)
	v := f.visits(t, r)
	if _, err := v.submit("visit", personal...); err != nil {
		t.Fatal(err)
	}
	c.to(ends.Add(-30 * time.Second))
	v.sees(t, http.StatusOK)
	kind, body, err := v.filled("visit", personal)
	if err != nil {
		t.Fatal(err)
	}
	c.to(ends.Add(time.Second))
	if got, err := v.ask(http.MethodPost, "/f/visit", kind, body); err != nil || got.status != http.StatusServiceUnavailable {
		t.Errorf("what was filled in before: %+v %v", got, err)
	}
	v.sees(t, http.StatusServiceUnavailable)
	if !strings.Contains(r.err.String(), "msg=closed form=visit code=key_expired") {
		t.Errorf("the log:\n%s", r.err)
	}
	if got, err := v.ask(http.MethodGet, "/f/contact", "", nil); err != nil || got.status != http.StatusOK {
		t.Errorf("the other form: %+v %v", got, err)
	}
	all := f.outbox(t)
	if len(all) != 1 || all[0].State != "waiting" || all[0].To != "lawyer@office.example" {
		t.Fatalf("the outbox: %+v", all)
	}
	box := f.postboxAt(t, relay)
	c.add(2 * time.Hour)
	f.do(t, program{}, "outbox", "retry", all[0].ID)
	until(t, "the mail that waited", func() bool { return len(mailsIn(t, box)) == 1 })
	whole, err := os.ReadFile(filepath.Join(box, mailsIn(t, box)[0]))
	if err != nil || !bytes.Contains(whole, []byte("Content-Type: application/pkcs7-mime")) {
		t.Errorf("what was delivered: %v\n%s", err, whole)
	}
	impersonal(t, "the mail", whole)
}

func mailsIn(t *testing.T, dir string) []string {
	t.Helper()
	names, err := postbox.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestRevocationListWhileRunning: a list that newly names the certificate closes the form within two seconds and keeps
// it closed, whatever is looked at in between; so does one that is late, gone, damaged or somebody else's. A newer one
// without it opens the form again.
// covers CR02, CR11
func TestRevocationListWhileRunning(t *testing.T) {
	c := &shifted{}
	office := readerstest.New(t, c.now())
	tomorrow := c.now().Add(24 * time.Hour)
	theirs := office.Issue("lawyer@office.example", c.now().AddDate(1, 0, 0))
	good := func() []byte { return office.List(tomorrow) }
	f := lawyer(t, c, localhostAddress(t), readerstest.PEM(theirs), readerstest.PEM(office.Cert), good())
	r := startAs(t, f.program(c), f.serveArgs()...)
	v := f.visits(t, r)
	v.sees(t, http.StatusOK)
	list := f.path("keys", "office.crl")
	for name, bad := range map[string]struct {
		list []byte
		code string
	}{
		"names the certificate": {office.List(tomorrow, theirs), "key_revoked"},
		"is of another office":  {readerstest.New(t, c.now()).List(tomorrow), "revocation_list"},
		"is late already":       {office.List(c.now().Add(-time.Hour)), "revocation_list"},
		"is no list":            {[]byte("a list"), "revocation_list"},
		"is empty":              {nil, "revocation_list"},
	} {
		readerstest.Replace(t, list, bad.list)
		c.past(recheckAfter)
		for range 3 {
			v.sees(t, http.StatusServiceUnavailable)
			c.past(recheckAfter) // what was known before does not come back
		}
		if got := lastClosed(r); got != "msg=closed form=visit code="+bad.code {
			t.Errorf("one that %s: %s\n%s", name, got, r.err)
		}
		readerstest.Replace(t, list, good())
		c.past(recheckAfter)
		v.sees(t, http.StatusOK)
	}
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	c.past(recheckAfter)
	v.sees(t, http.StatusServiceUnavailable)
	readerstest.Replace(t, list, good())
	c.past(recheckAfter)
	v.sees(t, http.StatusOK)
	c.to(tomorrow.Add(time.Second)) // past its next update
	v.sees(t, http.StatusServiceUnavailable)
	readerstest.Replace(t, list, office.List(tomorrow.Add(48*time.Hour)))
	c.past(recheckAfter)
	v.sees(t, http.StatusOK)
}

// lastClosed is what the log last says of a form that takes nothing; other lines may follow.
func lastClosed(r *run) string {
	said := r.err.String()
	line, _, _ := strings.Cut(said[max(0, strings.LastIndex(said, "msg=closed")):], "\n")
	return line
}

// TestAnAddressesFilesAreWatched: a certificate, an authority or a key file of a mailed address that changes or goes away
// closes the form; a restart accepts a change.
// covers CR01, CR02
func TestAnAddressesFilesAreWatched(t *testing.T) {
	c := &shifted{}
	office := readerstest.New(t, c.now())
	f := lawyer(t, c, localhostAddress(t), readerstest.PEM(office.Issue("lawyer@office.example", c.now().AddDate(1, 0, 0))), readerstest.PEM(office.Cert), nil)
	f.configure(t, "  sam@riverside.example: { key: keys/sam.asc }\n")
	f.form(t, "  mail: { to: [ lawyer@office.example, sam@riverside.example ] }\n")
	readerstest.Replace(t, f.path("keys", "sam.asc"), newKey(t, c))
	r := startAs(t, f.program(c), f.serveArgs()...)
	v := f.visits(t, r)
	v.sees(t, http.StatusOK)
	other := readerstest.New(t, c.now())
	for name, another := range map[string][]byte{
		"lawyer.pem": readerstest.PEM(office.Issue("lawyer@office.example", c.now().AddDate(1, 0, 0))), "ca.pem": readerstest.PEM(other.Cert), "sam.asc": newKey(t, c),
	} {
		was, err := os.ReadFile(f.path("keys", name))
		if err != nil {
			t.Fatal(err)
		}
		for code, change := range map[string]func(){
			"key_changed": func() { readerstest.Replace(t, f.path("keys", name), another) },
			"key_missing": func() { _ = os.Remove(f.path("keys", name)) },
		} {
			change()
			c.past(recheckAfter)
			v.sees(t, http.StatusServiceUnavailable)
			if got := lastClosed(r); got != "msg=closed form=visit code="+code {
				t.Errorf("%s: %s\n%s", name, got, r.err)
			}
			readerstest.Replace(t, f.path("keys", name), was)
			c.past(recheckAfter)
			v.sees(t, http.StatusOK)
		}
	}
	readerstest.Replace(t, f.path("keys", "sam.asc"), newKey(t, c))
	c.past(recheckAfter)
	v.sees(t, http.StatusServiceUnavailable)
	r.stop()
	f.visits(t, startAs(t, f.program(c), f.serveArgs()...)).sees(t, http.StatusOK)
}

// newKey is a certificate of somebody's.
func newKey(t *testing.T, c *shifted) []byte {
	t.Helper()
	k, err := private.Generate("Sam <sam@riverside.example>", keys.NewPassword([]byte(clinicKeyPassword)), c.now().Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return k.Certificate()
}

// person makes Dana's account and her key there, and gives its fingerprint.
func (f *folder) person(t *testing.T, c *shifted) keys.Fingerprint {
	t.Helper()
	typed := func(words string) program { return program{now: c.now, in: strings.NewReader(words + "\n")} }
	f.do(t, typed(clinicPassword), "user", "add", "--email", clinicEmail)
	f.do(t, typed(clinicKeyPassword), "keys", "generate", "--name", "dana", "--for", clinicEmail)
	k, err := readers.ReadKey(f.path("keys", "dana.asc"), c.now())
	if err != nil {
		t.Fatal(err)
	}
	return k.Fingerprint()
}

// TestAPersonsKey: an address can have the key that its person has here, pinned by its fingerprint. Somebody who writes
// the database cannot put another in its place: the form closes, and the service does not start with it.
// covers CR01
func TestAPersonsKey(t *testing.T) {
	c := &shifted{}
	f := newFolder(t, c.now())
	mine := f.person(t, c)
	f.configure(t, relayed(localhostAddress(t))+"recipients:\n  dana@riverside.example: { key: person, fingerprint: "+string(mine)+" }\n")
	f.form(t, "  mail: { to: [ Dana@riverside.example ] }\n")
	r := startAs(t, f.program(c), f.serveArgs()...)
	v := f.visits(t, r)
	v.sees(t, http.StatusOK)
	if _, err := v.submit("visit", personal...); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", f.path("data", "sealform.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var was []byte
	if err := db.QueryRow("select locked from locked_key").Scan(&was); err != nil {
		t.Fatal(err)
	}
	theirs, err := private.Generate("Dana <dana@riverside.example>", keys.NewPassword([]byte("somebody else's")), c.now())
	if err != nil {
		t.Fatal(err)
	}
	put := func(locked []byte) {
		t.Helper()
		if _, err := db.Exec("update locked_key set locked = ?", locked); err != nil {
			t.Fatal(err)
		}
		c.past(recheckAfter)
	}
	put(theirs.Bytes())
	v.sees(t, http.StatusServiceUnavailable)
	if !strings.Contains(r.err.String(), "msg=closed form=visit code=key_changed") {
		t.Errorf("the log:\n%s", r.err)
	}
	if said := f.refuses(t, c); !strings.Contains(said, "is not the one that the record says was put there") {
		t.Errorf("a start with it:\n%s", said)
	}
	put(was)
	v.sees(t, http.StatusOK)
	f.do(t, program{}, "keys", "remove", string(mine), "--yes")
	c.past(recheckAfter)
	v.sees(t, http.StatusServiceUnavailable)
	if !strings.Contains(r.err.String(), "msg=closed form=visit code=key_missing") {
		t.Errorf("the log:\n%s", r.err)
	}
	r.stop()
	if said := f.refuses(t, c); !strings.Contains(said, "recipient dana@riverside.example: that person has no key of that fingerprint here") {
		t.Errorf("a start without it:\n%s", said)
	}
	if all := f.outbox(t); len(all) != 1 {
		t.Errorf("the outbox: %+v", all)
	}
}
