package main

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"sealform/internal/server"
)

// TestClosedFormIsToldOnce: a key file that changed closes the form, and the log says why once, not at each visit.
func TestClosedFormIsToldOnce(t *testing.T) {
	f := newFolder(t, time.Now())
	r := f.serve(t)
	v, err := newVisitor(r.address(server.Intake), f.path("tls", "ca.pem"))
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

// TestAPipeForAKey: a pipe where a key file was closes the form and holds up nothing else; with the file back, the form
// opens again.
// covers CR02
func TestAPipeForAKey(t *testing.T) {
	f := newFolder(t, time.Now())
	r := f.serve(t)
	v, err := newVisitor(r.address(server.Intake), f.path("tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	v.Timeout = 5 * time.Second
	answers := func(path string, want int) {
		t.Helper()
		until(t, path, func() bool {
			got, err := v.ask(http.MethodGet, path, "", nil)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			return got.status == want
		})
	}
	answers("/f/contact", http.StatusOK)
	key, kept := f.path("keys", "front-desk.asc"), f.path("keys", "kept.asc")
	if err := errors.Join(os.Rename(key, kept), syscall.Mkfifo(key, 0o600)); err != nil {
		t.Fatal(err)
	}
	answers("/f/contact", http.StatusServiceUnavailable)
	answers("/readyz", http.StatusServiceUnavailable)
	answers("/livez", http.StatusOK)
	answers("/", http.StatusOK)
	if err := os.Rename(kept, key); err != nil {
		t.Fatal(err)
	}
	answers("/f/contact", http.StatusOK)
	answers("/readyz", http.StatusOK)
}
