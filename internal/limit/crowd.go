package limit

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Stall is how long one write to a connection of a Crowd may take: whoever stops reading is cut off then.
const Stall = 60 * time.Second

// Crowd bounds the connections that are open at once at one listener: all together, and those of one Prefix. The
// newest is closed at once, before anything is spent on it, so that those who are there already are served on.
type Crowd struct {
	All    int            // connections; 0: no bound
	Each   int            // of one Prefix; 0: no bound
	Exempt []netip.Prefix // trusted proxies, who bring many visitors each: Each does not count for them
	Full   func()         // told that some were turned away, at most once a minute; nil: nobody

	mu   sync.Mutex
	all  int
	by   map[netip.Prefix]int
	told time.Time
}

// At gives the listener with the crowd's bounds. One crowd may stand at several listeners.
func (c *Crowd) At(ln net.Listener) net.Listener { return &turnstile{ln, c} }

type turnstile struct {
	net.Listener
	crowd *Crowd
}

// Accept gives the next connection for which there is room.
func (t *turnstile) Accept() (net.Conn, error) {
	for {
		n, err := t.Listener.Accept()
		if err != nil {
			return nil, err
		}
		p, counted := t.crowd.prefix(n.RemoteAddr())
		if !t.crowd.enter(p, counted) {
			_ = n.Close() // nothing was said yet
			continue
		}
		return &guest{Conn: n, leave: sync.OnceFunc(func() { t.crowd.exit(p, counted) })}, nil
	}
}

// prefix tells under what a connection is counted, and whether it is at all. Peers without an address share a place.
func (c *Crowd) prefix(a net.Addr) (p netip.Prefix, counted bool) {
	var addr netip.Addr
	if tcp, ok := a.(*net.TCPAddr); ok {
		addr = tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	if slices.ContainsFunc(c.Exempt, func(e netip.Prefix) bool { return e.Contains(addr) }) {
		return p, false
	}
	return Prefix(addr), c.Each > 0
}

func (c *Crowd) enter(p netip.Prefix, counted bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.All > 0 && c.all >= c.All || counted && c.by[p] >= c.Each {
		c.tell()
		return false
	}
	c.all++
	if counted {
		if c.by == nil {
			c.by = map[netip.Prefix]int{}
		}
		c.by[p]++
	}
	return true
}

func (c *Crowd) tell() {
	if now := time.Now(); c.Full != nil && (c.told.IsZero() || now.Sub(c.told) >= time.Minute) {
		c.told = now
		c.Full()
	}
}

func (c *Crowd) exit(p netip.Prefix, counted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if !counted {
		return
	}
	if c.by[p]--; c.by[p] <= 0 {
		delete(c.by, p)
	}
}

// guest is a connection that is counted until it is closed, and on which no write takes longer than Stall. A nearer
// deadline that its server sets stands.
type guest struct {
	net.Conn
	leave func()

	mu    sync.Mutex
	told  time.Time // what the server asked for; zero: nothing
	moved time.Time // when the deadline was set last
}

// Close makes room for another.
func (g *guest) Close() error {
	g.leave()
	return g.Conn.Close()
}

// CloseWrite says that no more will come, where the connection can say so.
func (g *guest) CloseWrite() error {
	if w, ok := g.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Write ends with an error when nobody reads.
func (g *guest) Write(b []byte) (int, error) {
	g.hurry(time.Now())
	return g.Conn.Write(b)
}

// hurry moves the deadline on, once a second at most.
func (g *guest) hurry(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Sub(g.moved) < time.Second {
		return
	}
	g.moved = now
	end := now.Add(Stall)
	if !g.told.IsZero() && g.told.Before(end) {
		end = g.told
	}
	_ = g.Conn.SetWriteDeadline(end) // a connection that is gone tells so by the write
}

// SetWriteDeadline stands beside Stall: the nearer one counts.
func (g *guest) SetWriteDeadline(t time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.told, g.moved = t, time.Time{}
	return g.Conn.SetWriteDeadline(t)
}

// SetDeadline sets the deadlines of reading and of writing.
func (g *guest) SetDeadline(t time.Time) error {
	if err := g.SetWriteDeadline(t); err != nil {
		return err
	}
	return g.SetReadDeadline(t)
}
