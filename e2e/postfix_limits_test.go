package e2e

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTooLargeForTheRelay: a real Postfix takes 10 MB; 6 MB of file make more than that. A form that is only mailed says so
// while the visitor still has the answers; one that is also stored keeps them, and the address gets a notice.
// covers ML10
func TestTooLargeForTheRelay(t *testing.T) {
	whole(t)
	t.Parallel()
	o := openPostOffice(t, func(o *postOffice) { o.Size = 10 << 20 })
	c := newClinic(t, o)
	c.configure(c.mailed())
	c.form("mailed", "  mail: { to: [front@riverside.example] }\n")
	c.form("both", "  store: { keep: 30d }\n  mail: { to: [front@riverside.example] }\n")
	c.serve()
	c.until("the page says what the relay takes", func() bool {
		a, err := c.run.visitor().do(http.MethodGet, "/f/mailed", "", nil)
		return err == nil && bytes.Contains(a.body, []byte("in all"))
	})
	large := upload{name: "scan.pdf", kind: "application/pdf", body: bytes.Repeat([]byte("%PDF"), 6<<18)}

	v := c.run.visitor()
	page, err := v.open("mailed")
	if err != nil {
		t.Fatal(err)
	}
	large.field = page.fileField(t)
	ref, a, err := v.send(page.fill(words(), large))
	if err != nil || ref != "" || a.status != http.StatusRequestEntityTooLarge || !bytes.Contains(a.body, []byte("Words for")) {
		t.Errorf("6 MB to a form that is only mailed: %v %q %d, or the answers were not kept", err, ref, a.status)
	}
	kept := c.send("both", words(), large)
	notice := o.fetch("front", 1)
	if len(notice) != 1 || !bytes.Contains(notice[0], []byte("/go/")) || bytes.Contains(notice[0], []byte("BEGIN PGP")) {
		t.Errorf("%d messages came:\n%s", len(notice), notice)
	}
	if list := c.sealform("", "outbox", "list", "--state", "all"); !strings.Contains(list, kept) {
		t.Errorf("the outbox does not know %s:\n%s", kept, list)
	}
}

// TestMailboxFull: the relay takes the message, the mailbox does not. The bounce goes where bounces go, the number of the form
// shows the gap, and the message is sent again when there is room.
// covers ML11, R09
func TestMailboxFull(t *testing.T) {
	whole(t)
	t.Parallel()
	o := openPostOffice(t, func(o *postOffice) { o.Quota = "30k" })
	c := newClinic(t, o)
	c.configure(c.mailed() + "  bounces: bounces@riverside.example\n")
	c.form("mailed", "  mail: { to: [front@riverside.example] }\n")
	c.serve()
	photo := upload{name: "a.jpg", kind: "image/jpeg", body: bytes.Repeat(picture(), 200)[:10<<10]}
	c.send("mailed", words(), photo)
	o.fetch("front", 1) // it fits; two at once could both find room
	c.send("mailed", words(), photo)
	bounce := o.fetch("bounces", 1)[0]
	if !bytes.Contains(bounce, []byte("Sealform-Number: 2; series=")) || !bytes.Contains(bounce, []byte("5.2.2")) {
		t.Errorf("the bounce does not name the message:\n%s", bounce)
	}
	if got := o.mailbox("front"); len(got) != 1 || !bytes.Contains(got[0], []byte("Sealform-Number: 1; series=")) {
		t.Fatalf("%d messages are in the mailbox", len(got))
	}
	o.Quota = "1G"
	o.configure("dovecot.conf", dovecotConf)
	o.reloadDovecot()
	for _, id := range jobIDs(c.sealform("", "outbox", "list", "--state", "sent", "--json")) {
		c.sealform("", "outbox", "retry", id)
	}
	numbers := map[string]bool{}
	for _, m := range o.fetch("front", 3) {
		for _, n := range []string{"1", "2"} {
			if bytes.Contains(m, []byte("Sealform-Number: "+n+";")) {
				numbers[n] = true
			}
		}
	}
	if len(numbers) != 2 {
		t.Errorf("after sending again the mailbox holds numbers %v", numbers)
	}
}

// until waits for what another process brings about.
func (c *clinic) until(what string, ok func() bool) {
	c.t.Helper()
	for range 300 {
		if ok() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	c.t.Fatalf("%s did not come about\n%s", what, c.run.tail())
}
