package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"sealform/internal/server"
)

const (
	acmeForms = "forms.riverside.test"
	acmeStaff = "staff.riverside.test"
)

// authority is a Pebble, the test server of Let's Encrypt, that asks its questions on this machine.
type authority struct {
	cmd           *exec.Cmd
	directory, ca string
	management    string
	plain, intake string // where it asks: HTTP and TLS
	hasEnded      chan struct{}
}

// newAuthority starts one with the folder's certificate as its own.
func newAuthority(t *testing.T, f *folder) *authority {
	t.Helper()
	path, err := exec.LookPath("pebble")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("pebble is missing; scripts/setup-tests installs it")
		}
		t.Skip("pebble is missing; scripts/setup-tests names what the tests need")
	}
	a := &authority{plain: freeAddress(t), intake: freeAddress(t), ca: f.path("tls", "ca.pem"), hasEnded: make(chan struct{})}
	listen, management := freeAddress(t), freeAddress(t)
	a.directory, a.management = "https://localhost:"+portOf(listen)+"/dir", "https://localhost:"+portOf(management)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": management,
		"certificate": f.path("tls", "server.pem"), "privateKey": f.path("tls", "server.key"),
		"httpPort": number(t, a.plain), "tlsPort": number(t, a.intake), "keyAlgorithm": "ecdsa",
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "one", "validityPeriod": 7776000}},
	}})
	if err == nil {
		err = os.WriteFile(f.path("pebble.json"), config, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	a.cmd = exec.CommandContext(t.Context(), path, "-config", f.path("pebble.json"), "-dnsserver", nameServer(t))
	a.cmd.Env = []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0", "PATH=/nowhere"}
	out := &said{}
	a.cmd.Stdout, a.cmd.Stderr = out, out
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = a.cmd.Wait(); close(a.hasEnded) }()
	t.Cleanup(a.stop)
	until(t, "pebble", func() bool {
		c, err := net.Dial("tcp", listen)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return a
}

func (a *authority) stop() {
	_ = a.cmd.Process.Kill() // it may be gone
	<-a.hasEnded
}

func portOf(address string) string {
	_, p, _ := net.SplitHostPort(address)
	return p
}

func number(t *testing.T, address string) int {
	t.Helper()
	n, err := strconv.Atoi(portOf(address))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// nameServer answers every question for an IPv4 address with this machine's, over TCP as Pebble asks.
func nameServer(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for answerName(conn) == nil {
				}
			}()
		}
	}()
	return ln.Addr().String()
}

// answerName answers one question (RFC 1035 §4.2.2: each message behind its length).
func answerName(conn net.Conn) error {
	var size uint16
	if err := binary.Read(conn, binary.BigEndian, &size); err != nil {
		return err
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(conn, b); err != nil {
		return err
	}
	var m dnsmessage.Message
	if err := m.Unpack(b); err != nil || len(m.Questions) == 0 {
		return errors.New("no question")
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	answer, err := m.Pack()
	if err != nil {
		return err
	}
	_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	return err
}

// roots are the authority's own, which it makes anew at each start.
func (a *authority) roots(t *testing.T) *x509.CertPool {
	t.Helper()
	v, err := newVisitor(strings.TrimPrefix(a.management, "https://"), a.ca)
	if err != nil {
		t.Fatal(err)
	}
	v.base = a.management
	found, err := v.ask(http.MethodGet, "/roots/0", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(found.body) {
		t.Fatalf("the authority's root:\n%s", found.body)
	}
	return p
}

// flags are those of a service that asks this authority.
func (a *authority) flags(more ...string) []string {
	return append([]string{
		"--tls-mode", "auto", "--tls-acme-directory", a.directory, "--tls-acme-ca", a.ca, "--tls-email", clinicEmail,
		"--intake-hosts", acmeForms, "--viewer-hosts", acmeStaff, "--intake-address", a.intake,
	}, more...)
}

// TestCertificatesByACME: certificates come by themselves; a process for staff alone, which the authority can't reach,
// gets its own through the one that it can; and once they are there, the authority may be away.
func TestCertificatesByACME(t *testing.T) {
	f := newFolder(t, time.Now())
	a := newAuthority(t, f)
	roots := a.roots(t)
	public := f.serve(t, a.flags("--role", "intake", "--tls-plain", a.plain)...)
	hasCertificate(t, public.address(server.Intake), acmeForms, roots, "h2")
	if got := plainly(t, public.address("plain"), http.MethodPost, nil); got.status != http.StatusForbidden {
		t.Errorf("a post in the clear: %d", got.status)
	}
	for _, plain := range [][]string{nil, {"--tls-plain", a.plain}} {
		staff := f.serve(t, a.flags(append([]string{"--role", "viewer"}, plain...)...)...)
		hasCertificate(t, staff.address(server.Viewer), acmeStaff, roots, "http/1.1")
		staff.stop()
		if err := os.RemoveAll(f.path("data", "acme", "certificates")); err != nil { // asked for again, by the other way too
			t.Fatal(err)
		}
	}
	public.stop()

	both := f.serve(t, a.flags()...)
	hasCertificate(t, both.address(server.Intake), acmeForms, roots, "h2")
	both.stop()
	a.stop()
	again := f.serve(t, a.flags()...)
	hasCertificate(t, again.address(server.Viewer), acmeStaff, roots, "http/1.1")
	if code := again.stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, again.err)
	}

	if err := os.RemoveAll(f.path("data", "acme")); err != nil {
		t.Fatal(err)
	}
	without := f.serve(t, a.flags()...)
	if code := <-without.code; code != 1 || !strings.Contains(without.err.String(), "Try: check that port 80 or 443 of "+acmeForms) {
		t.Errorf("without certificates and without the authority: %d\n%s", code, without.err)
	}
}

func hasCertificate(t *testing.T, address, name string, roots *x509.CertPool, protocol string) {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: name, RootCAs: roots, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer conn.Close()
	if got := conn.ConnectionState().NegotiatedProtocol; got != protocol {
		t.Errorf("%s speaks %q, want %q", name, got, protocol)
	}
}
