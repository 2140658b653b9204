package mail

import (
	"bytes"
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a scripted relay can do instead of answering.
const (
	hang    = "(hang)"
	drop    = "(drop)"
	endless = "(endless)" // a reply of one line after the other, as fast as it goes
	drip    = "(drip)"    // a reply of one letter after the other, its code in one piece
	trickle = "(trickle)" // the same, and its code too
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
	later      map[string]string // the same, in a conversation that has brought a message
	injected   string            // sent in one piece with the reply to STARTTLS
	forget     bool              // do not keep what comes after DATA

	mu     sync.Mutex
	plain  bytes.Buffer // what came outside TLS
	said   []string     // all commands
	letter bytes.Buffer // what came after DATA, dots and all
	met    int          // conversations
	taken  int          // messages that were agreed to
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
				_ = c.SetDeadline(time.Now().Add(20 * time.Second))
				(&conversation{scripted: s, over: over}).hold(c)
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

func (s *scripted) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, strings.TrimSuffix(line, "\r\n"))
}

// heard says whether a command began with verb.
func (s *scripted) heard(verb string) bool {
	return slices.ContainsFunc(s.commands(), func(l string) bool { return strings.HasPrefix(l, verb) })
}

// commands is what was said so far, without line ends.
func (s *scripted) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.said)
}

// counts are the conversations, and the messages agreed to.
func (s *scripted) counts() (met, taken int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.met, s.taken
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
