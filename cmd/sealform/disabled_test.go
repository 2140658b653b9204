package main

import (
	"net/http"
	"strings"
	"testing"
)

// TestADisabledPersonsKey: nothing more is sealed to a person who was shut out. The forms that need their key close, and
// open again with the account.
// covers CR02, CR01
func TestADisabledPersonsKey(t *testing.T) {
	c := &shifted{}
	f := newFolder(t, c.now())
	mine := f.person(t, c)
	f.configure(t, relayed(localhostAddress(t))+"recipients:\n  dana@riverside.example: { key: person, fingerprint: "+string(mine)+" }\n")
	f.form(t, "  mail: { to: [ dana@riverside.example ] }\n")
	r := startAs(t, f.program(c), f.serveArgs()...)
	v := f.visits(t, r)
	v.sees(t, http.StatusOK)
	if out := f.do(t, program{}, "user", "disable", "--email", clinicEmail); !strings.Contains(out, "recipients has key: person for dana@riverside.example") {
		t.Errorf("what is said before:\n%s", out)
	}
	c.past(recheckAfter)
	v.sees(t, http.StatusServiceUnavailable)
	if !strings.Contains(r.err.String(), "msg=closed form=visit code=account_disabled") {
		t.Errorf("the log:\n%s", r.err)
	}
	if said := f.refuses(t, c); !strings.Contains(said, "recipient dana@riverside.example: the account of that address is disabled") {
		t.Errorf("a start meanwhile:\n%s", said)
	}
	f.do(t, program{}, "user", "disable", "--undo", "--email", clinicEmail)
	c.past(recheckAfter)
	v.sees(t, http.StatusOK)
}
