package e2e

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// What a faulty relay can do instead of answering.
const (
	hang = "(hang)"
	drop = "(drop)"
)

// gossip is in every refusal, to see that what a server says is repeated nowhere.
const gossip = "quoting patient 4711"

// fault is how a relay misbehaves. The zero value does nothing wrong.
type fault struct {
	silent   bool                                     // nothing listens
	replies  map[string]string                        // by verb, "greeting" or ".": said in place of agreeing
	turns    []string                                 // the first connection hangs at the first of these, and so on
	noTLS    bool                                     // STARTTLS is not offered
	injected string                                   // comes in clear in one piece with the reply to STARTTLS
	late     bool                                     // or rather after the client began with TLS
	cert     func(*authorityOfRelays) tls.Certificate // nil: a good one
	newest   uint16                                   // TLS version; 0: the newest
	taken    func(n int)                              // called when a message is complete, the nth, before that is confirmed
}

// faultyRelay is an SMTP server that wants STARTTLS and a password, misbehaves as it is told, and keeps all that came.
type faultyRelay struct {
	t    *testing.T
	ca   *authorityOfRelays
	good tls.Certificate
	port int

	mu       sync.Mutex
	now      fault
	listener net.Listener
	open     map[net.Conn]bool
	met      int          // connections since it became what it is now
	hung     int          // of them, those that get no answer any more
	wire     bytes.Buffer // every byte that came, as it was on the wire
	clear    []string     // commands that came outside of TLS
	secure   []string     // and under TLS
	mails    [][]byte     // complete messages, confirmed or not
	under    sync.WaitGroup
}

// openRelay makes one that works.
func openRelay(t *testing.T) *faultyRelay {
	t.Helper()
	r := &faultyRelay{t: t, ca: newAuthorityOfRelays(t), port: freePort(t), open: map[net.Conn]bool{}}
	r.good = r.ca.issue("localhost", time.Now().AddDate(0, 1, 0))
	r.become(fault{})
	t.Cleanup(func() {
		r.become(fault{silent: true})
		r.under.Wait()
	})
	return r
}

// become ends all connections, as a restart would, and goes on with another fault.
func (r *faultyRelay) become(f fault) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		_ = c.Close()
	}
	clear(r.open)
	r.now, r.met, r.hung = f, 0, 0
	switch {
	case f.silent && r.listener != nil:
		_ = r.listener.Close()
		r.listener = nil
	case !f.silent && r.listener == nil:
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", r.port))
		if err != nil {
			r.t.Fatal(err)
		}
		r.listener = l
		r.under.Go(func() { r.accept(l) })
	}
}

func (r *faultyRelay) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		if r.now.silent {
			_ = c.Close()
		}
		r.open[c] = true
		s := &smtpSession{relay: r, fault: r.now, raw: &tap{c, r}}
		if r.met < len(s.turns) {
			s.replies = map[string]string{s.turns[r.met]: hang}
		}
		r.met++
		r.mu.Unlock()
		r.under.Go(func() {
			s.hold()
			_ = c.Close()
		})
	}
}

// tap notes what comes, before anybody decrypts it.
type tap struct {
	net.Conn
	relay *faultyRelay
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.relay.mu.Lock()
	defer t.relay.mu.Unlock()
	t.relay.wire.Write(p[:n])
	return n, err
}

func (r *faultyRelay) heard(line string, isTLS bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if isTLS {
		r.secure = append(r.secure, line)
	} else {
		r.clear = append(r.clear, line)
	}
}

// all are the complete messages.
func (r *faultyRelay) all() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.mails)
}

// delivered are those of a Message-ID.
func (r *faultyRelay) delivered(id string) [][]byte {
	var all [][]byte
	for _, m := range r.all() {
		if found := messageID.FindSubmatch(m); found != nil && string(found[1]) == "<"+id+">" {
			all = append(all, m)
		}
	}
	return all
}

// conversed says whether a command came under TLS.
func (r *faultyRelay) conversed(line string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.secure, line+"\r\n")
}

// hanging counts the connections that get no answer any more.
func (r *faultyRelay) hanging() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hung
}
