package main

import (
	"bufio"
	"context"
	"strings"
	"testing"
	"time"
)

// TestServeSaysThatItIsReady: one line at a terminal, where the pages are; nothing where nobody looks.
func TestServeSaysThatItIsReady(t *testing.T) {
	f := newFolder(t, time.Now())
	keyboard, screen := terminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := &program{in: strings.NewReader(""), out: screen, err: &said{}, now: time.Now}
	code := make(chan int, 1)
	go func() { code <- p.run(ctx, append([]string{"sealform"}, f.serveArgs()...)) }()
	line := make(chan string, 1)
	go func() {
		l, _ := bufio.NewReader(keyboard).ReadString('\n')
		line <- l
	}()
	select {
	case got := <-line:
		if want := "Ready. Visitors: https://localhost/f/contact Staff: https://staff.localhost (Ctrl-C stops it)"; strings.TrimSpace(got) != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Error("it says nothing")
	}
	cancel()
	if got := <-code; got != 0 {
		t.Errorf("exit code %d\n%s", got, p.err)
	}

	r := f.serve(t)
	r.address(roleViewer)
	r.stop()
	if out := r.out.String(); out != "" {
		t.Errorf("standard output without a terminal: %q", out)
	}
}
