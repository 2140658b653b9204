package e2e

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestWhatReachesTheKernel runs the program under strace and reads every write that it asks the kernel for, to
// files, pipes and sockets. A submission with a large file is kept, mailed and read meanwhile. No write holds an
// answer: files get ciphertext, sockets TLS.
// covers IN01, LK01
func TestWhatReachesTheKernel(t *testing.T) {
	whole(t)
	trace := filepath.Join(t.TempDir(), "trace")
	d := start(t, t.TempDir(), tool(t, "strace"), "-f", "-y", "-s", "70000", "-o", trace,
		"-e", "trace=write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendfile,splice,copy_file_range")
	c := newCanary()
	v := d.visitor()
	v.dress = c.planted
	known := d.letters()
	f, err := v.open("new-patient")
	if err != nil {
		t.Fatal(err)
	}
	ref, a, err := v.send(c.post(t, f, 3<<20))
	if err != nil || ref == "" {
		t.Fatalf("not kept: %v %s", err, show(a))
	}
	d.nextLetter(known)
	d.openPlanted(t, c)
	d.stop()
	written := contents(t, trace)
	if found := c.in(written); found != nil {
		t.Errorf("a write holds an answer: %.300q", found)
	}
	// The trace is what it should be: the reference is in the clear, and the database was written.
	if !bytes.Contains(written, []byte(ref)) || !bytes.Contains(written, []byte("-wal>")) {
		t.Errorf("the trace of %d bytes shows neither the reference nor the database", len(written))
	}
	c.sweep(t, "under strace", d.places()...)
}

// openPlanted opens the one planted submission.
func (d *demo) openPlanted(t *testing.T, c *canary) {
	t.Helper()
	s := d.signIn()
	for _, e := range s.inbox() {
		if bytes.Contains(s.get(e.address), []byte(c.stem)) {
			return
		}
	}
	t.Error("staff do not find the submission")
}
