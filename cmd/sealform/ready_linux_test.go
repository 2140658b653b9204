package main

import (
	"bufio"
	"context"
	"strings"
	"testing"
	"time"

	"sealform/internal/server"
)

// TestServeSaysThatItIsReady: one line at a terminal, where the pages are; nothing where nobody looks.
func TestServeSaysThatItIsReady(t *testing.T) {
	f := newFolder(t, time.Now())
	f.configure(t, relayed("localhost:25"))
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{nil, "Ready. Visitors: https://localhost/f/contact Staff: https://staff.localhost Mail goes out by localhost:25. (Ctrl-C stops it)"},
		{[]string{"--role", server.Intake}, "Ready. Visitors: https://localhost/f/contact (Ctrl-C stops it)"},
		{[]string{"--role", server.Deliver}, "Ready. Mail goes out by localhost:25. (Ctrl-C stops it)"},
	} {
		if got := f.saidAtTerminal(t, c.flags...); got != c.want {
			t.Errorf("%v: it says %q, want %q", c.flags, got, c.want)
		}
	}

	f.configure(t, "recipients: { desk@riverside.example: { key: keys/front-desk.asc } }\n")
	want := "Ready. Visitors: https://localhost/f/contact Under recipients, but mailed by no form: desk@riverside.example. (Ctrl-C stops it)"
	if got := f.saidAtTerminal(t, "--role", server.Intake); got != want {
		t.Errorf("with a key that seals nothing: %q", got)
	}
	r := f.serve(t)
	r.address(server.Viewer)
	if !strings.Contains(r.err.String(), "msg=trouble task=recipients code=mailed_by_no_form") {
		t.Errorf("the log:\n%s", r.err)
	}
	r.stop()
	if out := r.out.String(); out != "" {
		t.Errorf("standard output without a terminal: %q", out)
	}
}

// saidAtTerminal is the first line that the service says at a terminal; it is ended afterwards.
func (f *folder) saidAtTerminal(t *testing.T, flags ...string) (first string) {
	t.Helper()
	keyboard, screen := terminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := &program{in: strings.NewReader(""), out: screen, err: &said{}, now: time.Now}
	code := make(chan int, 1)
	go func() { code <- p.run(ctx, append([]string{"sealform"}, f.serveArgs(flags...)...)) }()
	line := make(chan string, 1)
	go func() {
		l, _ := bufio.NewReader(keyboard).ReadString('\n')
		line <- l
	}()
	select {
	case got := <-line:
		first = strings.TrimSpace(got)
	case <-time.After(patience):
		t.Error("it says nothing")
	}
	cancel()
	if got := <-code; got != 0 {
		t.Errorf("exit code %d\n%s", got, p.err)
	}
	return first
}
