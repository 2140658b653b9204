package checktest

import (
	"net"
	"strings"

	"github.com/miekg/dns"
)

// Record adds records, each a line of a zone file.
func (n *Internet) Record(lines ...string) {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range lines {
		rr, err := dns.NewRR(l)
		if err != nil {
			n.t.Fatal(err)
		}
		n.records = append(n.records, rr)
	}
}

// Sign makes the server vouch for answers about these names, to clients that ask with DO or AD.
func (n *Internet) Sign(names ...string) { n.mark(n.signed, names) }

// Break makes the signatures of these names wrong: SERVFAIL, unless the client asks not to check.
func (n *Internet) Break(names ...string) { n.mark(n.broken, names) }

func (n *Internet) mark(set map[string]bool, names []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range names {
		set[dns.CanonicalName(name)] = true
	}
}

func (n *Internet) startDNS() {
	n.t.Helper()
	packets, streams := n.twoSockets()
	n.Resolver = packets.LocalAddr().String()
	for _, s := range []*dns.Server{{PacketConn: packets}, {Listener: streams}} {
		ready := make(chan struct{})
		s.Handler, s.NotifyStartedFunc = dns.HandlerFunc(n.answer), func() { close(ready) }
		go func() { _ = s.ActivateAndServe() }()
		<-ready
		n.t.Cleanup(func() { _ = s.Shutdown() })
	}
}

// twoSockets are one port's, for UDP and TCP. Of a free port of one kind the other may be taken.
func (n *Internet) twoSockets() (net.PacketConn, net.Listener) {
	n.t.Helper()
	var lc net.ListenConfig
	for range 20 {
		packets, err := lc.ListenPacket(n.t.Context(), "udp", "127.0.0.1:0")
		if err != nil {
			n.t.Fatal(err)
		}
		if streams, err := lc.Listen(n.t.Context(), "tcp", packets.LocalAddr().String()); err == nil {
			return packets, streams
		}
		_ = packets.Close() // another try
	}
	n.t.Fatal("no port is free for both UDP and TCP")
	return nil, nil
}

// answer gives what there is for a name, its aliases followed, as a recursive server does.
func (n *Internet) answer(w dns.ResponseWriter, q *dns.Msg) {
	n.mu.Lock()
	defer n.mu.Unlock()
	question := q.Question[0]
	name := dns.CanonicalName(question.Name)
	n.asked = append(n.asked, dns.TypeToString[question.Qtype]+" "+name)
	m := new(dns.Msg)
	m.SetReply(q)
	m.RecursionAvailable = true
	edns := q.IsEdns0()
	m.AuthenticatedData = n.signed[name] && (q.AuthenticatedData || edns != nil && edns.Do())
	if n.broken[name] && !q.CheckingDisabled {
		m.Rcode = dns.RcodeServerFailure
	} else {
		n.fill(m, name, question.Qtype)
	}
	size := dns.MinMsgSize
	if edns != nil {
		size = int(edns.UDPSize())
	}
	if w.LocalAddr().Network() == "tcp" {
		size = dns.MaxMsgSize
	}
	m.Truncate(size)
	_ = w.WriteMsg(m) // the client may have gone
}

func (n *Internet) fill(m *dns.Msg, name string, kind uint16) {
	exists := false
	for range 4 {
		next := ""
		for _, rr := range n.records {
			owner := dns.CanonicalName(rr.Header().Name)
			exists = exists || owner == name || strings.HasSuffix(owner, "."+name)
			alias, isAlias := rr.(*dns.CNAME)
			if owner == name && (rr.Header().Rrtype == kind || isAlias) {
				m.Answer = append(m.Answer, rr)
			}
			if owner == name && isAlias {
				next = dns.CanonicalName(alias.Target)
			}
		}
		if next == "" {
			break
		}
		name = next
	}
	if !exists {
		m.Rcode = dns.RcodeNameError
	}
}
