package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"sealform/internal/event"
	"sealform/internal/web"
)

// from dials as a peer with another loopback address would.
func from(ip, address string, config *tls.Config) (net.Conn, error) {
	d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}, Timeout: 10 * time.Second}
	if config == nil {
		return d.Dial("tcp", address)
	}
	return tls.DialWithDialer(d, "tcp", address, config)
}

// TestSlowClients: some hundred connections that send nothing, half a header or half a body do not keep a visitor
// waiting, one address gets no more than its share, and those who have had their answer are let go.
// covers IN17
func TestSlowClients(t *testing.T) {
	f := newFolder(t, time.Now())
	r := f.serve(t)
	address := r.address(roleIntake)
	config := &tls.Config{ServerName: "localhost", RootCAs: pool(t, f)}
	stalls := []struct {
		config *tls.Config
		says   string
	}{
		{nil, ""},
		{nil, "\x16\x03\x01"},
		{config, ""},
		{config, "POST /f/contact HT"},
		{config, "POST /f/contact HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\na="},
		{config, "GET /f/contact HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"},
	}
	var held []net.Conn
	t.Cleanup(func() {
		for _, conn := range held {
			conn.Close()
		}
	})
	for i := range 60 * len(stalls) {
		s := stalls[i%len(stalls)]
		conn, err := from(fmt.Sprintf("127.0.0.%d", 2+i/100), address, s.config)
		if err == nil {
			held = append(held, conn)
			_, err = io.WriteString(conn, s.says)
		}
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	v, err := newVisitor(address, f.path("tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		began := time.Now()
		if _, err := v.submit("contact", "name=Ana Lima", "email=ana@example.org", "message=When do you open?"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("a visitor waited %v", took)
		}
	}
	bounded(t, address, r.err)
	answered := held[5]
	if err := answered.SetReadDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answered); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a connection stays open after its answer, for a body that nobody sends")
	}
}

// bounded holds one address to its share of connections.
func bounded(t *testing.T, address string, log *said) {
	t.Helper()
	let, most := 0, door{role: roleIntake}.bound().each
	var all []net.Conn
	for range most + 20 { // quickly: whoever says nothing is sent away after ten seconds
		conn, err := from("127.0.0.99", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		all = append(all, conn)
	}
	time.Sleep(time.Second) // those that were refused have been closed
	for _, conn := range all {
		if err := conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			let++
		}
	}
	if let > most {
		t.Errorf("one address holds %d connections", let)
	}
	if !strings.Contains(log.String(), "code=too_many_connections") {
		t.Errorf("the log does not say that connections were refused:\n%s", log)
	}
}

// TestCrowds: few files are shared out so that the database keeps some; trusted proxies count as all their visitors.
// covers IN17
func TestCrowds(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	all := 0
	for _, role := range []string{roleIntake, roleViewer, "plain", "site"} {
		d := door{role: role, proxies: proxies}
		few, many := d.crowd(400, event.Nothing()), d.crowd(1<<20, event.Nothing())
		if all += few.All; few.Each > few.All || many.Each >= many.All || many.All > 4096 || few.Each == 0 || len(few.Exempt) != 1 {
			t.Errorf("%s: %d and %d of few files, %d and %d of many", role, few.All, few.Each, many.All, many.Each)
		}
	}
	if all > 350 {
		t.Errorf("the doors take %d of 400 files", all)
	}
	if n := openFileLimit(); n < 256 || n > 1<<20 {
		t.Errorf("%d files may be open", n)
	}
}

// TestStalledBody: who reads a body without setting a time of their own, as the viewer does, waits for so long and no
// longer, over HTTP/2 too.
// covers IN17
func TestStalledBody(t *testing.T) {
	for _, http1 := range []bool{true, false} {
		ended := make(chan error, 1)
		d := door{role: roleViewer, http1: http1, handler: web.Headers(web.Policy{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			ended <- err
			w.WriteHeader(http.StatusBadRequest)
		}))}
		s := httptest.NewUnstartedServer(nil)
		s.Config = d.server(event.Nothing())
		if s.Config.ReadTimeout == 0 || s.Config.ReadTimeout > time.Minute {
			t.Fatalf("the read timeout is %v", s.Config.ReadTimeout)
		}
		s.Config.ReadTimeout = 500 * time.Millisecond // as said above, but sooner
		s.EnableHTTP2 = !http1
		s.StartTLS()
		defer s.Close()
		body, w := io.Pipe()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, body)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			resp, err := s.Client().Do(req)
			if err != nil {
				t.Errorf("HTTP/1 %v: %v", http1, err)
				return
			}
			if resp.ProtoMajor == 1 != http1 {
				t.Errorf("spoke %s", resp.Proto)
			}
			resp.Body.Close()
		})
		if _, err := w.Write([]byte("a")); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("HTTP/1 %v: reading ended with %v", http1, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("HTTP/1 %v: a stalled body is waited for", http1)
		}
		w.Close()
		wg.Wait()
	}
}

// TestOptionsForNothing: "OPTIONS *" is answered by us, with the headers of every answer.
// covers WB03
func TestOptionsForNothing(t *testing.T) {
	f := newFolder(t, time.Now())
	r := f.serve(t)
	for role, name := range map[string]string{roleIntake: "localhost", roleViewer: "staff.localhost"} {
		conn, err := from("127.0.0.1", r.address(role), &tls.Config{ServerName: name, RootCAs: pool(t, f)})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := fmt.Fprintf(conn, "OPTIONS * HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", name); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode < 400 || resp.StatusCode >= 500 || resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %v", role, resp.StatusCode, resp.Header)
		}
	}
}
