package viewer

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What was given up and put aside is on record, kept, told to nobody any more, and can still be sent.
// covers LK10
func TestPutAside(t *testing.T) {
	h := newClinic(t)
	id, ref := h.send("new-patient", maria)
	at := h.mailOf(id)
	b := h.as("dana")
	shows := func(path string, want bool, what string) {
		t.Helper()
		if w := words(b.want(b.get(path), http.StatusOK).body); strings.Contains(w, what) != want {
			t.Errorf("%q at %s: want %v\n%s", what, path, want, w)
		}
	}
	shows(at, false, "Put aside")
	acts := len(h.acts())
	b.want(b.post(at+"/aside"), http.StatusConflict) // it waits
	h.attempted("permanent_550", true)
	shows("/inbox", true, "1 message was given up")
	shows("/deliveries", false, "Put aside")
	shows(at, true, "Put aside")
	if a := b.want(b.post(at+"/aside"), http.StatusSeeOther); a.to() != at {
		t.Errorf("it leads to %s", a.to())
	}
	b.want(b.post(at+"/aside"), http.StatusConflict) // it was put aside
	for _, path := range []string{"/inbox", "/deliveries", at} {
		shows(path, false, "not delivered")
		shows(path, false, "given up")
	}
	shows("/deliveries", true, "Put aside 1")
	shows("/deliveries?show=given-up", true, "Nothing was given up")
	shows("/deliveries?show=put-aside", true, ref)
	shows(at, true, "can still be sent")
	if d := cmp.Diff([]string{`delivery-put-aside ["mail","` + ref + `"]`}, h.acts()[acts:]); d != "" {
		t.Error(d)
	}
	b.want(b.post(at+"/retry"), http.StatusSeeOther)
	h.attempted("ok", false)
	shows("/deliveries?show=sent", true, "Sealed mail to "+frontdesk)
	shows("/deliveries?show=put-aside", true, "Nothing was put aside")
}
