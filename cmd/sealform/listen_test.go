package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"sealform/internal/server"
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
	address := r.address(server.Intake)
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
	let, most := 0, 512
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

// TestOptionsForNothing: "OPTIONS *" is answered by us, with the headers of every answer.
// covers WB03
func TestOptionsForNothing(t *testing.T) {
	f := newFolder(t, time.Now())
	r := f.serve(t)
	for role, name := range map[string]string{server.Intake: "localhost", server.Viewer: "staff.localhost"} {
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
