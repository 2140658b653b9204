package main

import (
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sealform/internal/config"
	"sealform/internal/demo/ca"
	"sealform/keys"
	"sealform/keys/private"
)

// folder is a service's folder with a key and a certificate, for the tests that run the program in this process.
type folder struct {
	dir string
	key *private.Locked
}

// newFolder makes one at a time of its own. Its form is the library's contact form.
func newFolder(t *testing.T, at time.Time) *folder {
	t.Helper()
	f := &folder{dir: t.TempDir()}
	pl := plan{Dir: f.dir, Name: demoName, Intake: "localhost", Viewer: "staff.localhost", Zone: "UTC", Forms: []string{"contact"}}
	if err := pl.build(at); err != nil {
		t.Fatal(err)
	}
	if _, err := ca.Open(f.path("tls"), at); err != nil {
		t.Fatal(err)
	}
	var err error
	if f.key, err = private.Generate("Front desk <desk@riverside.example>", keys.NewPassword([]byte(clinicKeyPassword)), at); err != nil {
		t.Fatal(err)
	}
	if err := writeNew(f.path("keys", "front-desk.asc"), f.key.Certificate(), 0o644); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *folder) path(parts ...string) string {
	return filepath.Join(append([]string{f.dir}, parts...)...)
}

// run is the program running in this process.
type run struct {
	t        *testing.T
	out, err *said
	end      context.CancelFunc
	code     chan int
}

// start runs a command with the streams and the environment of a test.
func start(t *testing.T, env []string, args ...string) *run {
	t.Helper()
	return startAs(t, program{env: env, now: time.Now}, args...)
}

// startAs runs a command with the clock, the environment and the world outside of a test.
func startAs(t *testing.T, p program, args ...string) *run {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &run{t: t, out: &said{}, err: &said{}, end: cancel, code: make(chan int, 1)}
	if p.out, p.err = r.out, r.err; p.in == nil {
		p.in = strings.NewReader("")
	}
	go func() { r.code <- p.run(ctx, append([]string{"sealform"}, args...)); close(r.code) }()
	t.Cleanup(func() {
		cancel()
		<-r.code
	})
	return r
}

// serve starts the folder's service on free ports; flags go over the file.
func (f *folder) serve(t *testing.T, flags ...string) *run {
	t.Helper()
	return start(t, nil, f.serveArgs(flags...)...)
}

func (f *folder) serveArgs(flags ...string) []string {
	return append([]string{
		"serve", "--config", f.path(config.FileName), "--viewer-hosts", "staff.localhost",
		"--intake-address", "127.0.0.1:0", "--viewer-address", "127.0.0.1:0", "--tls-cert", "tls/server.pem", "--tls-key", "tls/server.key",
	}, flags...)
}

// address waits until a role answers.
func (r *run) address(role string) string {
	r.t.Helper()
	line := regexp.MustCompile(`msg=started role=` + role + ` address=(\S+)`)
	var m []string
	until(r.t, role, func() bool {
		select {
		case code := <-r.code:
			r.t.Fatalf("it ended with %d:\n%s", code, r.err)
		default:
		}
		m = line.FindStringSubmatch(r.err.String())
		return m != nil
	})
	return m[1]
}

// stop ends it as SIGTERM does, and gives its exit code.
func (r *run) stop() int {
	r.t.Helper()
	r.end()
	select {
	case code := <-r.code:
		return code
	case <-time.After(patience):
		r.t.Fatalf("it did not end:\n%s", r.err)
		return -1
	}
}

// until waits for what another goroutine brings about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come about", what)
		}
	}
}
