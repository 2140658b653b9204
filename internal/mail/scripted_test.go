package mail

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"sealform/internal/localca"
)

// What a scripted relay can do instead of answering.
const (
	hang    = "(hang)"
	drop    = "(drop)"
	endless = "(endless)"
)

// secretText is in every reply, to see that no error repeats it.
const secretText = "quoting patient 4711"

// scripted is a relay that does at each step what the test says, and notes what it was told.
type scripted struct {
	implicit   bool
	certs      tls.Certificate
	newest     uint16            // TLS version; 0: the newest
	clearOffer []string          // extensions before TLS
	tlsOffer   []string          // extensions under TLS
	replies    map[string]string // by verb, "greeting", "." or "handshake"; otherwise it agrees
	injected   string            // sent in one piece with the reply to STARTTLS

	mu     sync.Mutex
	plain  bytes.Buffer // what came outside TLS
	said   []string     // all commands
	letter bytes.Buffer // what came after DATA, dots and all
}

// serve starts it and gives its address.
func (s *scripted) serve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var under sync.WaitGroup
	over := make(chan struct{})
	under.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			under.Go(func() {
				defer func() { _ = c.Close() }()
				s.talk(c, over)
			})
		}
	})
	t.Cleanup(func() {
		close(over)
		_ = l.Close()
		under.Wait()
	})
	return l.Addr().String()
}

// talk holds one conversation.
func (s *scripted) talk(c net.Conn, over <-chan struct{}) {
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	var conn net.Conn = &tapped{Conn: c, s: s}
	if s.implicit {
		conn = s.secure(c)
	}
	in := bufio.NewReader(conn)
	if !s.reply(conn, over, "greeting", "220 relay ready") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		s.note(line)
		switch verb {
		case "EHLO":
			_, isTLS := conn.(*tls.Conn)
			if !s.reply(conn, over, verb, s.hello(isTLS)) {
				return
			}
		case "STARTTLS":
			if !s.reply(conn, over, verb, "220 go ahead") {
				return
			}
			if s.replies[verb] == "" {
				if conn = s.upgrade(c); conn == nil {
					return
				}
				in = bufio.NewReader(conn)
			}
		case "DATA":
			if !s.reply(conn, over, verb, "354 send it") {
				return
			}
			if s.replies[verb] == "" {
				if !s.take(in) || !s.reply(conn, over, ".", "250 taken") {
					return
				}
			}
		default:
			agree := map[string]string{"AUTH": "235 welcome", "QUIT": "221 bye"}[verb]
			if !s.reply(conn, over, verb, cmp.Or(agree, "250 fine")) || verb == "QUIT" {
				return
			}
		}
	}
}

// upgrade begins TLS, unless the script has something else to say in its place; then it gives nil.
func (s *scripted) upgrade(c net.Conn) net.Conn {
	instead := s.replies["handshake"]
	if instead == "" {
		return s.secure(c)
	}
	_, _ = c.Read(make([]byte, 16)) // of the client's handshake, so that the words come after it
	_, _ = io.WriteString(c, instead+"\r\n")
	_, _ = io.Copy(io.Discard, c) // closing with something unread would reset the connection
	return nil
}

func (s *scripted) secure(c net.Conn) net.Conn {
	newest := s.newest
	if newest == 0 {
		newest = tls.VersionTLS13
	}
	return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.certs}, MinVersion: tls.VersionTLS10, MaxVersion: newest})
}

func (s *scripted) hello(isTLS bool) string {
	offer := s.clearOffer
	if isTLS {
		offer = s.tlsOffer
	}
	lines := append([]string{"relay"}, offer...)
	var b strings.Builder
	for _, l := range lines[:len(lines)-1] {
		b.WriteString("250-" + l + "\r\n")
	}
	return b.String() + "250 " + lines[len(lines)-1]
}

// reply answers verb as the script says, otherwise with agree; false: the conversation is over.
func (s *scripted) reply(c net.Conn, over <-chan struct{}, verb, agree string) bool {
	with, scripted := s.replies[verb]
	if !scripted {
		with = agree
	}
	switch with {
	case hang:
		<-over
		return false
	case drop:
		return false
	case endless:
		for range 64 {
			if _, err := io.WriteString(c, "250-"+strings.Repeat("y", 8<<10)); err != nil {
				break
			}
		}
		<-over
		return false
	}
	if scripted {
		with += " " + secretText
	}
	with += "\r\n"
	if verb == "STARTTLS" {
		with += s.injected
	}
	_, err := io.WriteString(c, with)
	return err == nil
}

// take reads a message up to the final dot.
func (s *scripted) take(in *bufio.Reader) bool {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return false
		}
		if string(line) == ".\r\n" {
			return true
		}
		s.mu.Lock()
		s.letter.Write(line)
		s.mu.Unlock()
	}
}

func (s *scripted) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, strings.TrimSpace(line))
}

// heard says whether a command began with verb.
func (s *scripted) heard(verb string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.said {
		if strings.HasPrefix(l, verb) {
			return true
		}
	}
	return false
}

// inClear is all that came before TLS.
func (s *scripted) inClear() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plain.String()
}

// tapped notes what is read outside TLS.
type tapped struct {
	net.Conn
	s *scripted
}

func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.plain.Write(p[:n])
	return n, err
}

func authority(t *testing.T) *localca.CA {
	t.Helper()
	ca, err := localca.Open(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// relay is one that trusts ca, is patient for 300 ms, and gives user and password.
func relay(t *testing.T, addr string, ca *localca.CA, change func(*RelayConfig)) *Relay {
	t.Helper()
	c := RelayConfig{
		Address: addr, Mode: StartTLS, ServerName: "localhost", Roots: ca.Pool(), Hello: "forms.clinic.example",
		Dial: 5 * time.Second, Command: 5 * time.Second, DataEnd: 5 * time.Second,
	}
	if change != nil {
		change(&c)
	}
	r, err := NewRelay(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// expect wants err to be an *Error of code that quotes nobody.
func expect(t *testing.T, err error, code Code) {
	t.Helper()
	var typed *Error
	if code == "" && err != nil || code != "" && (!errors.As(err, &typed) || typed.Code != code) {
		t.Fatalf("got %v, want %q", err, code)
	}
	if err != nil && strings.Contains(err.Error(), "patient") {
		t.Errorf("the error quotes the server: %v", err)
	}
}
