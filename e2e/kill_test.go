package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // for a look into the outbox
)

// ledger is what the load's clients know: each thing sent and each acknowledged, on disk before the next step, as
// people would remember it.
type ledger struct {
	mu    sync.Mutex
	t     *testing.T
	file  *os.File
	acked map[string]string // content → reference
	mails int               // how many of them are mailed too
}

// note writes and syncs one line.
func (l *ledger) note(verb, content, ref string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := fmt.Fprintln(l.file, verb, content, ref); err != nil {
		l.t.Error(err)
	}
	if err := l.file.Sync(); err != nil {
		l.t.Error(err)
	}
	if verb != "acked" {
		return
	}
	if old, twice := l.acked[content]; twice && old != ref {
		l.t.Errorf("%s was acknowledged as %s and as %s", content, old, ref)
	}
	l.acked[content] = ref
}

// writer is one visitor who sends and sends. What was not acknowledged is sent again, byte for byte, first.
type writer struct {
	l       *ledger
	n       int
	pending *post
	content string
}

// work sends until the context ends or the program is gone.
func (w *writer) work(ctx context.Context, v *visitor) {
	for ctx.Err() == nil {
		if w.pending == nil && !w.next(v) {
			return
		}
		ref, a, err := v.send(*w.pending)
		switch {
		case ref != "":
			w.l.note("acked", w.content, ref)
			w.pending = nil
		case err != nil:
			return // the program is gone; the next round sends it again
		case a.status == http.StatusServiceUnavailable:
			time.Sleep(20 * time.Millisecond)
		default:
			w.l.t.Errorf("%s was refused: %s", w.content, show(a))
			w.pending = nil
			return
		}
	}
}

// next fills in a new form: every fourth is mailed too and carries a file that goes through the spool.
func (w *writer) next(v *visitor) bool {
	w.n++
	form := "contact"
	if w.n%4 == 0 {
		form = "new-patient"
	}
	f, err := v.open(form)
	if err != nil {
		return false
	}
	salt := make([]byte, 8)
	must2(rand.Read(salt))
	w.content = "content" + hex.EncodeToString(salt)
	var files []upload
	if form == "new-patient" {
		w.l.mu.Lock()
		w.l.mails++
		w.l.mu.Unlock()
		files = []upload{{f.fileField(w.l.t), w.content + ".jpg", "image/jpeg", append(picture(), make([]byte, 300<<10)...)}}
	}
	p := f.fill(func(string) string { return w.content }, files...)
	w.pending = &p
	w.l.note("sent", w.content, "")
	return true
}

// load makes eight writers with one ledger.
func load(t *testing.T) (*ledger, []*writer) {
	t.Helper()
	l := &ledger{t: t, file: create(t, filepath.Join(t.TempDir(), "ledger")), acked: map[string]string{}}
	writers := make([]*writer, 8)
	for i := range writers {
		writers[i] = &writer{l: l, n: i}
	}
	return l, writers
}

// TestKill kills the program at random moments while eight visitors send, again and again on the same folder, and
// then counts: everything acknowledged is there once, opens, and says what was sent; nothing is there twice; nothing that
// nobody sent is there; no mail is lost.
// covers R01, R10, IN15, IN14
func TestKill(t *testing.T) {
	whole(t)
	folder := t.TempDir()
	l, writers := load(t)
	d := start(t, folder)
	before, signedIn := len(d.signIn().inbox()), time.Now()
	mailsBefore := len(d.mails())
	kills := soak(50, 1000)
	for range kills {
		d.under(writers, func() {
			time.Sleep(moment())
			d.kill()
		})
		if t.Failed() {
			return
		}
		d = start(t, folder)
	}
	d.under(writers, func() { time.Sleep(time.Second) })
	d.finish(writers)
	t.Logf("%d submissions acknowledged, %d of them mailed", len(l.acked), l.mails)
	if len(l.acked) < len(writers)*5 {
		t.Errorf("only %d submissions were acknowledged: that was no load", len(l.acked))
	}
	d.count(l, before, signedIn)
	d.countMails(mailsBefore+l.mails, kills)
	d.stop()
}

// under runs the writers while something happens, then waits for them.
func (d *demo) under(writers []*writer, happens func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for _, w := range writers {
		v := d.visitor()
		all.Go(func() { w.work(ctx, v) })
	}
	happens()
	cancel()
	all.Wait()
}

// finish lets every writer have its last one acknowledged.
func (d *demo) finish(writers []*writer) {
	d.t.Helper()
	for _, w := range writers {
		if w.pending == nil {
			continue
		}
		ref, a, err := d.visitor().send(*w.pending)
		if ref == "" {
			d.t.Errorf("the last of a writer is not taken: %v %s", err, show(a))
			continue
		}
		w.l.note("acked", w.content, ref)
		w.pending = nil
	}
}

var contentWord = regexp.MustCompile(`content[0-9a-f]{16}`)

// count opens every submission there is and holds it against the ledger.
func (d *demo) count(l *ledger, before int, signedIn time.Time) {
	d.t.Helper()
	time.Sleep(time.Until(signedIn.Add(31 * time.Second))) // the code of the first sign-in worked once; wait for the next
	s := d.signIn()
	list := s.inbox()
	if want := before + len(l.acked); len(list) != want {
		d.t.Errorf("%d submissions are kept, want %d: %d before and %d acknowledged", len(list), want, before, len(l.acked))
	}
	kept := map[string][]string{}
	for _, e := range list {
		page := s.get(e.address)
		if content := contentWord.Find(page); content != nil {
			kept[string(content)] = append(kept[string(content)], e.reference)
		}
	}
	for content, ref := range l.acked {
		if got := kept[content]; len(got) != 1 || got[0] != ref {
			d.t.Errorf("%s was acknowledged as %s and is kept as %v", content, ref, got)
		}
		delete(kept, content)
	}
	for content, refs := range kept {
		d.t.Errorf("%s is kept as %v and was never acknowledged, nor sent again", content, refs)
	}
}

// mails counts, by Message-ID, how often each message was delivered; those still waiting count nought.
func (d *demo) mails() map[string]int {
	d.t.Helper()
	all := map[string]int{}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(d.Dir, "data", "sealform.db")+"?mode=ro")
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`select message_id from outbox`)
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			d.t.Fatal(err)
		}
		all["<"+id+">"] = 0
	}
	if err := rows.Err(); err != nil {
		d.t.Fatal(err)
	}
	for _, l := range d.letters() {
		head, _, _ := bytes.Cut(contents(d.t, l), []byte("\r\n\r\n"))
		m := messageID.FindSubmatch(head)
		if m == nil {
			d.t.Fatalf("%s has no Message-ID", l)
		}
		all[string(m[1])]++
	}
	return all
}

var messageID = regexp.MustCompile(`(?im)^message-id:\s*(\S+)`)

// countMails wants every mail delivered or waiting, and at most one repeat a kill: four are under way at once at most,
// and one in doubt. A mail that was under way waits until its lease ends, which is longer than this test.
func (d *demo) countMails(want, kills int) {
	d.t.Helper()
	all := d.mails()
	if len(all) != want {
		d.t.Errorf("%d different mails are delivered or waiting, want %d", len(all), want)
	}
	waiting, repeats := 0, 0
	for _, n := range all {
		if n == 0 {
			waiting++
		}
		repeats += max(0, n-1)
	}
	d.t.Logf("%d mails delivered, %d waiting, %d repeats", len(all)-waiting, waiting, repeats)
	if repeats > kills || waiting > 4*kills {
		d.t.Errorf("%d mails wait and %d were repeated after %d kills", waiting, repeats, kills)
	}
}

// moment is a random time in which anything may be going on.
func moment() time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(600))
	must(err)
	return time.Duration(20+n.Int64()) * time.Millisecond
}
