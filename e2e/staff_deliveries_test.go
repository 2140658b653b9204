package e2e

import (
	"bytes"
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestDeliveriesPages looks at every state of the deliveries pages in a browser without scripts, has a mail sent again, and
// puts one aside.
func TestDeliveriesPages(t *testing.T) {
	whole(t)
	t.Parallel()
	d := start(t, t.TempDir())
	known := d.letters()
	ref := d.visitor().submit("new-patient", words())
	first := d.nextLetter(known)
	b := d.browser(false)
	b.enter()
	b.load(d.staff() + "/deliveries")
	b.state("41-deliveries-none")
	b.load(d.staff() + "/deliveries?show=given-up")
	b.state("42-deliveries-none-given-up")
	b.load(d.staff() + "/deliveries?show=sent")
	b.says(ref, "Sealed mail")
	b.state("43-deliveries-sent")
	b.through(chromedp.Click(chromedp.CSS(".queue a")))
	b.says("Sent a moment ago.", "Message-ID")
	b.state("44-delivery-sent")

	known = append(known, first)
	d.past(ref)
	b.load(b.where())
	if status := b.click(`form[action$="/retry"] button`); status != http.StatusOK {
		t.Errorf("sending again leads to %d", status)
	}
	b.state("45-delivery-again")
	one, two := messageID.Find(contents(t, first)), messageID.Find(contents(t, d.nextLetter(known)))
	if one == nil || !bytes.Equal(one, two) {
		t.Errorf("the mail has %s, the copy %s", one, two)
	}

	address := b.where()
	d.late(ref, "bad_certificate", 0)
	b.load(address)
	b.says("Your mail server showed a certificate", "It is tried again", "Try again now")
	b.state("46-delivery-waiting")
	b.load(d.staff() + "/deliveries")
	b.says("Your mail server showed a certificate", "tried 7 times", "to renew or correct it.")
	b.state("47-deliveries-waiting")
	b.narrow("the deliveries")
	b.load(d.staff() + "/inbox")
	b.says("1 message has been waiting to be sent since", "Nothing is lost.", "See deliveries")
	b.state("48-inbox-late")

	d.late(ref, "permanent_550", 2)
	b.load(address)
	b.says("Given up", "Put aside", "refuses this address")
	b.state("49-delivery-given-up")
	if status := b.click(`form[action$="/aside"] button`); status != http.StatusOK {
		t.Errorf("putting aside leads to %d", status)
	}
	b.says("It was seen to.", "Try again now")
	b.state("50-delivery-put-aside")
	b.load(d.staff() + "/deliveries?show=put-aside")
	b.says(ref, "refuses this address")
	b.state("51-deliveries-put-aside")
	if page := b.words(); strings.Contains(page, "not delivered") {
		t.Errorf("it is still counted:\n%s", page)
	}
	d.stop()
}

// TestDeliveriesForManyReasons looks at a list in which not all rows have the same reason: what to do stands once for each.
func TestDeliveriesForManyReasons(t *testing.T) {
	whole(t)
	t.Parallel()
	d := start(t, t.TempDir())
	v := d.visitor()
	for _, code := range []string{"timeout", "permanent_552", "timeout", "changed", "temporary_450"} {
		known := d.letters()
		ref := v.submit("new-patient", words())
		d.nextLetter(known)
		d.late(ref, code, 0)
	}
	b := d.browser(false)
	b.enter()
	b.load(d.staff() + "/deliveries")
	b.says("The mailbox is full.", "to make room", "too long to answer", "It was changed in the database")
	if page := b.words(); strings.Count(page, "It may be busy.") != 1 || strings.Count(page, "took too long") != 2 {
		t.Errorf("what to do is not said once:\n%s", page)
	}
	b.state("52-deliveries-many-reasons")
	b.narrow("many reasons")
	d.stop()
}

// narrow wants nothing to stick out of a screen of 320 px, and leaves a picture.
func (b *browser) narrow(where string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(320, 640))
	if over := run(b, chromedp.Evaluate[int](`document.documentElement.scrollWidth - window.innerWidth`)); over > 0 {
		b.t.Errorf("%s: the page is %d px wider than 320", where, over)
	}
	picture := run(b, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(shots, strings.ReplaceAll(where, " ", "-")+"-320.png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(1280, 900))
}

// past makes what was sent look sent ten minutes ago.
func (d *demo) past(ref string) {
	d.t.Helper()
	d.change(`update outbox set ended = ended - 600000 where reference = ?`, ref)
}

// says wants words on the page.
func (b *browser) says(all ...string) {
	b.t.Helper()
	page := b.words()
	for _, want := range all {
		if !strings.Contains(page, want) {
			b.t.Errorf("%q is not at %s:\n%s", want, b.where(), page)
		}
	}
}

// late makes a mail that was sent look like one that waits since yesterday (state 0) or was given up (2); trying for real would
// take as long.
func (d *demo) late(ref, code string, state int) {
	d.t.Helper()
	now := time.Now()
	d.change(`update outbox set state = ?, ended = ?, attempts = 7, last_error = ?, made = ?, due = ? where reference = ?`,
		state, int64(state/2)*now.UnixMilli(), code, now.AddDate(0, 0, -1).UnixMilli(), now.Add(30*time.Minute).UnixMilli(), ref)
	d.change(`insert into attempt (job, n, at, code) select id, 900 + state, ?, ? from outbox where reference = ?`, now.UnixMilli(), code, ref)
	d.change(`
		update form set jobs_waiting = (select count(*) from outbox where state = 0 and form = form.id),
			jobs_sent = (select count(*) from outbox where state = 1 and form = form.id),
			jobs_dead = (select count(*) from outbox where state = 2 and form = form.id)`)
}

// change writes into the database beside the program.
func (d *demo) change(query string, with ...any) {
	d.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(d.Dir, "data", "sealform.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(d.t.Context(), query, with...); err != nil {
		d.t.Fatal(err)
	}
}
