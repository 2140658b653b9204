package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"sealform/internal/config"
	"sealform/internal/server"
)

// TestListeners: TLS by files, with HTTP/2 for visitors and HTTP/1.1 alone for staff, whose cookies would stay in HTTP/2's
// buffers for longer; nothing older than TLS 1.2.
func TestListeners(t *testing.T) {
	f := newFolder(t, time.Now())
	r := f.serve(t)
	for _, c := range []struct {
		role, name, want string
	}{{server.Intake, "localhost", "h2"}, {server.Viewer, "staff.localhost", "http/1.1"}} {
		conn, err := tls.Dial("tcp", r.address(c.role), &tls.Config{ServerName: c.name, RootCAs: pool(t, f), NextProtos: []string{"h2", "http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := conn.ConnectionState().NegotiatedProtocol; got != c.want {
			t.Errorf("%s speaks %q, want %q", c.role, got, c.want)
		}
		conn.Close()
		if old, err := tls.Dial("tcp", r.address(c.role), &tls.Config{ServerName: c.name, RootCAs: pool(t, f), MaxVersion: tls.VersionTLS11}); err == nil {
			old.Close()
			t.Errorf("%s speaks TLS 1.1", c.role)
		}
	}
	if code := r.stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, r.err)
	}
}

// TestPlain: port 80 redirects who only looks and refuses whatever is sent.
func TestPlain(t *testing.T) {
	f := newFolder(t, time.Now())
	r := f.serve(t, "--tls-plain", "127.0.0.1:0")
	address := r.address("plain")
	look := plainly(t, address, http.MethodGet, nil)
	if to := look.header.Get("Location"); look.status != http.StatusMovedPermanently || to != "https://localhost/f/contact" {
		t.Errorf("a look is answered with %d to %q", look.status, to)
	}
	if post := plainly(t, address, http.MethodPost, nil); post.status != http.StatusForbidden {
		t.Errorf("a post is answered with %d", post.status)
	}
}

// TestBehindProxy: only a configured proxy is believed that a request came over TLS.
func TestBehindProxy(t *testing.T) {
	secure := http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-For": {"192.0.2.7"}}
	for _, c := range []struct {
		name, proxies, method string
		header                http.Header
		want                  int
	}{
		{"a page", "127.0.0.0/8", http.MethodGet, secure, http.StatusOK},
		{"a page in the clear", "127.0.0.0/8", http.MethodGet, nil, http.StatusMovedPermanently},
		{"a post in the clear", "127.0.0.0/8", http.MethodPost, nil, http.StatusForbidden},
		{"a post that says it was clear", "127.0.0.0/8", http.MethodPost, http.Header{"X-Forwarded-Proto": {"http"}}, http.StatusForbidden},
		{"a post from a stranger", "10.0.0.0/8", http.MethodPost, secure, http.StatusForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFolder(t, time.Now())
			r := f.serve(t, "--tls-mode", "proxy", "--tls-proxies", c.proxies)
			if got := plainly(t, r.address(server.Intake), c.method, c.header); got.status != c.want {
				t.Errorf("status %d, want %d", got.status, c.want)
			}
			if err := probe(t.Context(), config.Pages{Address: r.address(server.Intake), Hosts: []string{"localhost"}}, true, "/readyz"); err != nil {
				t.Errorf("health: %v", err)
			}
		})
	}
}

// plainly asks for the contact form in the clear.
func plainly(t *testing.T, address, method string, header http.Header) *answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+"/f/contact", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "localhost"
	if header != nil {
		req.Header = header
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return &answer{status: resp.StatusCode, header: resp.Header}
}

// TestEndsAfterWhatIsUnderWay: a form that is being sent when the program is told to end is still taken, and its
// receipt is there after the next start.
func TestEndsAfterWhatIsUnderWay(t *testing.T) {
	f := newFolder(t, time.Now())
	r := f.serve(t)
	address := r.address(server.Intake)
	v, err := newVisitor(address, f.path("tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	kind, body, err := v.filled("contact", []string{"name=Ana Lima", "email=ana@example.org", "message=When do you open?"})
	if err != nil {
		t.Fatal(err)
	}
	slow := &slowly{Reader: body, half: make(chan struct{}), rest: make(chan struct{})}
	sent := make(chan error, 1)
	var to string
	go func() {
		got, err := v.ask(http.MethodPost, "/f/contact", kind, slow)
		if err == nil && got.status != http.StatusSeeOther {
			err = fmt.Errorf("status %d\n%s", got.status, got.body)
		}
		if err == nil {
			to = got.header.Get("Location")
		}
		sent <- err
	}()
	<-slow.half
	r.end()
	until(t, "a closed listener", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	close(slow.rest)
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if code := <-r.code; code != 0 {
		t.Errorf("exit code %d\n%s", code, r.err)
	}
	again, err := newVisitor(f.serve(t).address(server.Intake), f.path("tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.ask(http.MethodGet, to, "", nil); err != nil || got.status != http.StatusOK {
		t.Errorf("the receipt after the next start: %v %v", got, err)
	}
}

// slowly gives one byte, says so, and the rest when it may.
type slowly struct {
	io.Reader
	half, rest chan struct{}
	begun      bool
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.begun {
		<-s.rest
		return s.Reader.Read(p)
	}
	s.begun = true
	n, err := s.Reader.Read(p[:1])
	time.AfterFunc(200*time.Millisecond, func() { close(s.half) }) // by then it is under way
	return n, err
}

func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// pool trusts the folder's own authority alone.
func pool(t *testing.T, f *folder) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(f.path("tls", "ca.pem"))
	p := x509.NewCertPool()
	if err != nil || !p.AppendCertsFromPEM(pem) {
		t.Fatalf("reading the authority: %v", err)
	}
	return p
}
