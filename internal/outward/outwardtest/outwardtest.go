// Package outwardtest is the world that tests of calls to the outside need: names that point where a test says, and
// certificates of an authority made a moment ago. Nothing leaves this machine.
package outwardtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Names says what each name answers: to the first question the first list of addresses, and so on, the last one for
// good. A name that is missing does not exist; one without lists makes the name server fail.
type Names map[string][][]string

// Resolver asks a name server of its own, on loopback, which knows those names alone.
func Resolver(t testing.TB, names Names) *net.Resolver {
	t.Helper()
	listener, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	server := &dns.Server{PacketConn: listener, Handler: &answers{names: names, asked: map[dns.Question]int{}}, NotifyStartedFunc: func() { close(started) }}
	done := make(chan error, 1)
	go func() { done <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		if err := errors.Join(server.Shutdown(), <-done); err != nil {
			t.Error(err)
		}
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", listener.LocalAddr().String())
	}}
}

type answers struct {
	names Names
	mu    sync.Mutex
	asked map[dns.Question]int
}

// ServeDNS answers one question.
func (a *answers) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	reply := new(dns.Msg).SetReply(q)
	question := q.Question[0]
	steps, known := a.names[strings.TrimSuffix(strings.ToLower(question.Name), ".")]
	switch {
	case !known:
		reply.Rcode = dns.RcodeNameError
	case len(steps) == 0:
		reply.Rcode = dns.RcodeServerFailure
	default:
		a.mu.Lock()
		n := min(a.asked[question], len(steps)-1)
		a.asked[question]++
		a.mu.Unlock()
		for _, s := range steps[n] {
			if r := record(question, netip.MustParseAddr(s)); r != nil {
				reply.Answer = append(reply.Answer, r)
			}
		}
	}
	_ = w.WriteMsg(reply) // a client that went away asks again
}

// record answers the question with that address, where it is of the kind that was asked for.
func record(q dns.Question, a netip.Addr) dns.RR {
	head := dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET}
	switch {
	case q.Qtype == dns.TypeA && a.Is4():
		return &dns.A{Hdr: head, A: a.AsSlice()}
	case q.Qtype == dns.TypeAAAA && a.Is6():
		return &dns.AAAA{Hdr: head, AAAA: a.AsSlice()}
	}
	return nil
}

// Certificate is a server's for those names and addresses, good for an hour around that time, and what trusts it.
func Certificate(t testing.TB, at time.Time, names ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: at.Add(-time.Hour), NotAfter: at.Add(time.Hour),
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server of a test"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			server.IPAddresses = append(server.IPAddresses, ip)
		} else {
			server.DNSNames = append(server.DNSNames, n)
		}
	}
	authorityKey, serverKey := key(t), key(t)
	root := issue(t, authority, authority, &authorityKey.PublicKey, authorityKey)
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return tls.Certificate{Certificate: [][]byte{issue(t, server, root, &serverKey.PublicKey, authorityKey).Raw}, PrivateKey: serverKey}, pool
}

func key(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func issue(t testing.TB, c, by *x509.Certificate, public *ecdsa.PublicKey, signer *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, by, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
