package e2e

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAgain: Ctrl-C ends the program cleanly, and a second start on the same folder carries on: the same account and
// keys, what was kept opens, and a page that was open in a visitor's browser still sends.
// covers R12, IN14
func TestAgain(t *testing.T) {
	whole(t)
	first := start(t, t.TempDir())
	say := words()
	ref := first.visitor().submit("contact", say)
	open, err := first.visitor().open("contact")
	if err != nil {
		t.Fatal(err)
	}
	waiting := open.fill(say)
	first.stop()

	second := start(t, first.folder)
	if diff := cmp.Diff([]any{first.Account, first.Key}, []any{second.Account, second.Key}); diff != "" {
		t.Errorf("the second start says other things (-first, +second):\n%s", diff)
	}
	late, a, err := second.visitor().send(waiting)
	if err != nil || late == "" {
		t.Fatalf("a page of before the restart is not taken: %v %s", err, show(a))
	}
	if repeat, _, err := second.visitor().send(waiting); repeat != late || err != nil {
		t.Errorf("sent twice, the receipts are %q and %q (%v)", late, repeat, err)
	}
	s := second.signIn()
	for _, r := range []string{ref, late} {
		if page := s.get(s.find(r)); !bytes.Contains(page, []byte("Words for")) {
			t.Errorf("%s does not open after the restart", r)
		}
	}
	second.stop()
}

// TestStopsWhileVisitorsSend: a clean end under load refuses or acknowledges, and what it acknowledged is there.
// covers R12
func TestStopsWhileVisitorsSend(t *testing.T) {
	whole(t)
	t.Parallel() // it waits for a second factor more than it works
	l, writers := load(t)
	d := start(t, t.TempDir())
	before, signedIn := len(d.signIn().inbox()), time.Now()
	d.under(writers, func() {
		time.Sleep(time.Second)
		d.stop()
	})
	d = start(t, d.folder)
	d.finish(writers)
	d.count(l, before, signedIn)
	d.stop()
}
