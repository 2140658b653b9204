package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestMailLink follows a link from a webmail of another site, without scripts: the session's cookies are kept from that
// step, and come along with the next one, which is our page's own. Nobody has to sign in again.
// covers WB06
func TestMailLink(t *testing.T) {
	whole(t)
	t.Parallel()
	d := start(t, t.TempDir())
	say := words()
	ref := d.visitor().submit("contact", say)
	b := d.browser(false)
	b.enter()
	var submission string
	for _, l := range links(b.html()) {
		if l.text == ref {
			submission = l.address
		}
	}
	if submission == "" {
		t.Fatalf("%s is not in the inbox", ref)
	}
	to := map[string]string{
		"direct": submission, "submission": strings.Replace(submission, "/s/", "/go/", 1), "inbox": "/go/inbox", "unknown": "/go/AAAAAAAAAAAAAAAAAAAAAA",
	}
	webmail := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for name, at := range to {
			_, _ = fmt.Fprintf(w, `<p><a id="%s" href="%s">Open</a></p>`, name, d.staff()+at)
		}
	}))
	t.Cleanup(webmail.Close)

	b.load(webmail.URL)
	if status := b.click("#direct"); status != http.StatusForbidden {
		t.Errorf("another site's link to a submission itself is answered %d", status)
	}
	for name, path := range map[string]string{"submission": submission, "inbox": "/inbox", "unknown": "/inbox"} {
		b.load(webmail.URL)
		b.click("#" + name)
		b.arrives(d.staff() + path)
		if w := b.words(); !strings.Contains(w, "Sign out") || !strings.Contains(w, ref) {
			t.Errorf("%s: not signed in there:\n%s", name, w)
		}
	}
	b.load(webmail.URL)
	b.click("#submission")
	b.arrives(d.staff() + submission)
	if w := b.words(); !strings.Contains(w, "Words for") {
		t.Errorf("the submission is not open:\n%s", w)
	}

	stranger := d.browser(false)
	stranger.load(webmail.URL)
	stranger.click("#submission")
	stranger.arrives(d.staff() + "/sign-in")
	d.stop()
}

// arrives waits until the page goes on by itself to an address that begins so.
func (b *browser) arrives(at string) {
	b.t.Helper()
	for range 50 {
		if strings.HasPrefix(b.where(), at) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.t.Fatalf("it leads to %s, not to %s", b.where(), at)
}
