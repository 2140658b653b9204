// Package checktest is a small internet on this machine for tests of the mail check: a name server whose records,
// signatures and faults can be set, mail servers on 127.0.0.x at one port that do what they are told, a web server for
// MTA-STS policies, and an authority that issues good and bad certificates. It can be used only with a test at hand.
package checktest

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Internet is one of them. All that it starts ends with the test.
type Internet struct {
	Resolver  string // "127.0.0.1:port"
	Port      int    // of SMTP, on every address
	HTTPSPort int
	CA        []byte // the authority, as PEM
	Roots     *x509.CertPool
	Asked     func() []string // the questions that the name server was asked so far, as "TLSA _25._tcp.mx.test."

	t         testing.TB
	authority authority

	mu      sync.Mutex
	records []dns.RR
	signed  map[string]bool
	broken  map[string]bool
	asked   []string
}

// New starts the name server and chooses the ports.
func New(t testing.TB) *Internet {
	t.Helper()
	n := &Internet{t: t, signed: map[string]bool{}, broken: map[string]bool{}, authority: newAuthority(t)}
	n.CA, n.Roots = n.authority.pem, n.authority.roots
	n.Port, n.HTTPSPort = n.freePort(), n.freePort()
	n.Asked = func() []string {
		n.mu.Lock()
		defer n.mu.Unlock()
		return append([]string(nil), n.asked...)
	}
	n.startDNS()
	return n
}

// freePort is one that nothing listens on; it is kept on an address that no server of a test has. It lies below those that
// the kernel gives away, or another program could get it on one of the other addresses meanwhile.
func (n *Internet) freePort() int {
	n.t.Helper()
	for range 100 {
		var drawn [2]byte
		_, _ = rand.Read(drawn[:]) // never fails
		port := 10_000 + int(binary.BigEndian.Uint16(drawn[:]))%20_000
		l, err := (&net.ListenConfig{}).Listen(n.t.Context(), "tcp", net.JoinHostPort("127.0.0.250", strconv.Itoa(port)))
		if err == nil {
			n.t.Cleanup(func() { l.Close() })
			return port
		}
	}
	n.t.Fatal("no port is free")
	return 0
}

func (n *Internet) listen(address string, port int) net.Listener {
	n.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(n.t.Context(), "tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { l.Close() })
	return l
}

// patience is how long a server of this package waits for its client.
const patience = 20 * time.Second
