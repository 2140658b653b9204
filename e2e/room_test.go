package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// small starts the demo on a disk of its own that a test can fill. inside is its folder as we see it.
func small(t *testing.T, folder string) (d *demo, inside string) {
	t.Helper()
	// The shell stays: we see the small disk through it, as the program itself lets nobody look.
	d = launch(t, folder, tool(t, "unshare"), "--user", "--map-root-user", "--mount", "sh", "-c",
		`trap : INT; mount -t tmpfs -o size=640m,mode=0700 tmpfs "$0" || exit 1; "$@"; exit $?`, folder)
	d.within = fmt.Sprintf("/proc/%d/root", d.cmd.Process.Pid)
	d.await()
	return d, d.within + folder
}

// TestNoRoom fills the disk. The visitor is told and nothing half is kept; staff go on reading until not even the
// record of a reading can be written, and then see nothing rather than unrecorded; with room again everything works,
// without a restart.
// covers R04, LK01, LK10
func TestNoRoom(t *testing.T) {
	whole(t)
	d, inside := small(t, t.TempDir())
	c := newCanary()
	v := d.visitor()
	v.dress = c.planted
	ref := d.visitor().submit("contact", c.word)
	staff := d.signIn()
	address, before := staff.find(ref), len(staff.inbox())
	var waiting []post // forms that visitors have open
	for range 2 {
		f, err := v.open("contact")
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, c.post(t, f, 0))
	}

	ballast := filepath.Join(inside, "ballast")
	fill(t, ballast, 32<<20)            // half of what the demo keeps free
	time.Sleep(2500 * time.Millisecond) // one look at the disk is believed for two seconds
	d.fullForVisitors(v, waiting[0])
	if !bytes.Contains(staff.get(address), []byte(c.stem)) {
		t.Error("staff cannot read on a nearly full disk")
	}

	fill(t, ballast+"2", 0)
	d.fullForVisitors(v, waiting[1])
	a, err := staff.v.do(http.MethodGet, d.Viewer+address, "", nil)
	if err != nil || a.status != http.StatusServiceUnavailable || c.in(a.body) != nil {
		t.Errorf("reading without a record of it: %v %s", err, show(a))
	}
	staff.find(ref) // the list needs no record

	for _, path := range []string{ballast, ballast + "2"} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range waiting {
		if kept := d.again(v, p); kept == "" {
			t.Error("with room again the form takes nothing")
		}
	}
	if n := len(staff.inbox()); n != before+len(waiting) {
		t.Errorf("%d submissions are kept, want %d", n, before+len(waiting))
	}
	if !bytes.Contains(staff.get(address), []byte(c.stem)) {
		t.Error("with room again staff cannot read")
	}
	c.sweep(t, "after a full disk", inside, d.tmp, d.out, d.log)
	d.stop()
}

// fullForVisitors wants the honest refusal.
func (d *demo) fullForVisitors(v *visitor, p post) {
	d.t.Helper()
	a, err := v.do(http.MethodPost, p.path, p.kind, p.body)
	if err != nil || a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		d.t.Errorf("on a full disk: %v %s", err, show(a))
	}
}

// again sends the same form until it is taken.
func (d *demo) again(v *visitor, p post) string {
	d.t.Helper()
	for range 40 {
		ref, _, err := v.send(p)
		if err != nil {
			d.t.Fatal(err)
		}
		if ref != "" {
			return ref
		}
		time.Sleep(500 * time.Millisecond)
	}
	return ""
}

// find gives the address of a submission in the inbox.
func (c *colleague) find(ref string) string {
	c.v.d.t.Helper()
	for _, e := range c.inbox() {
		if e.reference == ref {
			return e.address
		}
	}
	c.v.d.t.Fatalf("%s is not in the inbox", ref)
	return ""
}

// fill writes until only so many bytes are left.
func fill(t *testing.T, path string, leave uint64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	for {
		var disk syscall.Statfs_t
		if err := syscall.Statfs(path, &disk); err != nil {
			t.Fatal(err)
		}
		if leave > 0 && disk.Bavail*uint64(disk.Bsize) <= leave {
			return
		}
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
