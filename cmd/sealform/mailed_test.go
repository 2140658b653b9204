package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sealform/internal/config"
	"sealform/internal/demo/ca"
	"sealform/internal/demo/postbox"
	"sealform/internal/server"
)

// shifted is a clock that a test sets forward.
type shifted struct{ by atomic.Int64 }

func (s *shifted) now() time.Time       { return time.Now().Add(time.Duration(s.by.Load())) }
func (s *shifted) add(d time.Duration)  { s.by.Add(int64(d)) }
func (s *shifted) to(t time.Time)       { s.by.Store(int64(time.Until(t))) }
func (s *shifted) past(d time.Duration) { s.add(d + time.Millisecond) }

// program is one with that clock.
func (f *folder) program(c *shifted) program { return program{now: c.now} }

// configure adds sections to the folder's configuration.
func (f *folder) configure(t *testing.T, more string) {
	t.Helper()
	src, err := os.ReadFile(f.path(config.FileName))
	if err == nil {
		err = os.WriteFile(f.path(config.FileName), append(src, more...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// relayed names a relay, and the authority that its certificate is of.
func relayed(address string) string {
	return "mail: { from: forms@riverside.example, relay: \"" + address + "\", ca: tls/ca.pem }\n"
}

// form writes a form of the id visit, with that under deliver.
func (f *folder) form(t *testing.T, deliver string) {
	t.Helper()
	src := "form: visit\ntitle: Before your visit\ncontact: Call 555-0142.\nseal: { to: [front-desk] }\ndeliver:\n" + deliver +
		"fields:\n  - { id: name, type: name, label: Your name }\n  - { id: email, type: email, label: Your address, optional: true }\n" +
		"  - { id: reason, type: longtext, label: What is it about? }\n"
	if err := os.WriteFile(f.path("forms", "visit.yaml"), []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a visitor says in these tests.
var personal = []string{"name=Maria Alvarez", "email=maria@example.org", "reason=A private matter"}

// impersonal wants nothing of it in b.
func impersonal(t *testing.T, what string, b []byte) {
	t.Helper()
	for _, a := range personal {
		_, value, _ := strings.Cut(a, "=")
		if bytes.Contains(b, []byte(value)) {
			t.Errorf("%s holds %q", what, value)
		}
	}
}

// do runs a command to its end and wants it to go well.
func (f *folder) do(t *testing.T, p program, args ...string) string {
	t.Helper()
	code, out, err := f.tell(t, p, args...)
	if code != 0 {
		t.Fatalf("sealform %s: exit code %d\n%s", strings.Join(args, " "), code, err)
	}
	return out
}

// tell runs a command to its end.
func (f *folder) tell(t *testing.T, p program, args ...string) (code int, out, err string) {
	t.Helper()
	if p.now == nil {
		p.now = time.Now
	}
	r := startAs(t, p, append(args, "--config", f.path(config.FileName))...)
	select {
	case code = <-r.code:
	case <-time.After(patience):
		t.Fatalf("sealform %s does not end", strings.Join(args, " "))
	}
	return code, r.out.String(), r.err.String()
}

// refuses starts the service, which must not start, and gives what it says.
func (f *folder) refuses(t *testing.T, c *shifted) string {
	t.Helper()
	code, out, said := f.tell(t, f.program(c), f.serveArgs()...)
	if code != 1 || out != "" {
		t.Errorf("exit code %d, %s", code, out)
	}
	return said
}

// outbox is what `outbox list` tells programs.
func (f *folder) outbox(t *testing.T) []jobLine {
	t.Helper()
	var all []jobLine
	if err := json.Unmarshal([]byte(f.do(t, program{}, "outbox", "list", "--state", "all", "--json")), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// visits gives a visitor of the folder's service.
func (f *folder) visits(t *testing.T, r *run) *visitor {
	t.Helper()
	v, err := newVisitor(r.address(server.Intake), f.path("tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sees asks for the form and wants that status; a closed one says so.
func (v *visitor) sees(t *testing.T, want int) {
	t.Helper()
	got, err := v.ask(http.MethodGet, "/f/visit", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.status != want {
		t.Fatalf("the form answers %d, want %d", got.status, want)
	}
	if want == http.StatusServiceUnavailable && !bytes.Contains(got.body, []byte("Call 555-0142.")) {
		t.Errorf("the closed form does not say what to do:\n%s", got.body)
	}
}

// postboxAt takes mail at the address into a folder, until the test ends.
func (f *folder) postboxAt(t *testing.T, address string) (dir string) {
	t.Helper()
	ca, err := ca.Open(f.path("tls"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir = f.path("mailbox")
	box, err := postbox.New(postbox.Config{Dir: dir, Certificate: ca.Server})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- box.Serve(ln) }()
	t.Cleanup(func() {
		if err := errors.Join(box.Close(), <-served); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return dir
}

// localhostAddress is a free one, by the name that the folder's certificate has.
func localhostAddress(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("localhost", port)
}
