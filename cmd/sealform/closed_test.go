package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestClosedFormIsToldOnce: a key file that changed closes the form, and the log says why once, not at each visit.
func TestClosedFormIsToldOnce(t *testing.T) {
	f := newFolder(t, time.Now())
	r := f.serve(t)
	v, err := newVisitor(r.address(roleIntake), f.path("tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	visit := func() int {
		t.Helper()
		got, err := v.ask(http.MethodGet, "/f/contact", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		return got.status
	}
	if err := os.WriteFile(f.path("keys", "front-desk.asc"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "a closed form", func() bool { return visit() == http.StatusServiceUnavailable })
	for range 3 {
		visit()
	}
	r.stop()
	if n := strings.Count(r.err.String(), "msg=closed"); n != 1 || !strings.Contains(r.err.String(), "msg=closed form=contact code=key_changed") {
		t.Errorf("told %d times:\n%s", n, r.err)
	}
}
