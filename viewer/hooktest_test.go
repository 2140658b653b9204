package viewer

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/store"
)

// covers AU01
func TestHookTest(t *testing.T) {
	h := newClinic(t)
	b := h.as("sam")
	if page := b.want(b.get("/deliveries"), http.StatusOK).body; !strings.Contains(page, `action="/deliveries/webhooks/crm/test"`) {
		t.Error("no button")
	}
	acts := len(h.acts())
	a := b.want(b.post("/deliveries/webhooks/crm/test"), http.StatusSeeOther)
	if w := words(b.want(b.get(a.to()), http.StatusOK).body); !strings.Contains(w, "Webhook test") || !strings.Contains(w, "To crm") {
		t.Errorf("the test's page:\n%s", w)
	}
	if d := cmp.Diff([]string{`webhook-tested ["crm"]`}, h.acts()[acts:]); d != "" || h.nudges.Load() != 1 {
		t.Errorf("%s\n%d nudges", d, h.nudges.Load())
	}
	for _, b := range []*browser{b, h.as("dana")} {
		if w := words(b.get("/deliveries").body); !strings.Contains(w, "Webhook test to crm") {
			t.Errorf("the test is not listed:\n%s", w)
		}
	}
	none := b.want(b.post("/deliveries/webhooks/none/test"), http.StatusNotFound)
	h.tamper(`delete from locked_key where account = ?`, h.accounts["sam"])
	for _, path := range []string{"/deliveries/webhooks/crm/test", a.to() + "/retry"} {
		if got := b.want(b.post(path), http.StatusNotFound); words(got.body) == "" || words(none.body) == "" {
			t.Error("no words")
		}
	}
	if h.nudges.Load() != 1 {
		t.Error("a person who may open nothing had a webhook called")
	}
}

// A webhook that does not answer collects one test, however often somebody presses the button.
func TestOneTestWaits(t *testing.T) {
	h := newClinic(t)
	b, acts := h.as("sam"), len(h.acts())
	test := func(hook string) string {
		t.Helper()
		return b.want(b.post("/deliveries/webhooks/"+hook+"/test"), http.StatusSeeOther).to()
	}
	other := h.enqueue(store.Job{Channel: store.Webhook, To: "till", About: `{"test":true}`})
	first := test("crm")
	if first == other {
		t.Error("another webhook’s test is shown")
	}
	h.attempted("timeout", false)
	for range 3 {
		if at := test("crm"); at != first {
			t.Errorf("another test: %s, not %s", at, first)
		}
	}
	if n := h.count(`select count(*) from outbox`); n != 2 || len(h.acts()) != acts+1 || h.nudges.Load() != 1 {
		t.Errorf("%d deliveries, %d acts, %d nudges", n, len(h.acts())-acts, h.nudges.Load())
	}
	h.clock.pass(10 * time.Minute)
	h.attempted("ok", false)
	if at := test("crm"); at == first {
		t.Error("a test that was sent is shown")
	}
}
