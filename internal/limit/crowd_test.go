package limit

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// open stands a crowd at a listener that keeps whom it lets in, and says so by one byte.
func open(t *testing.T, c *Crowd) (address string, in chan net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	in = make(chan net.Conn, 100)
	ended := make(chan struct{})
	at := c.At(ln)
	go func() {
		defer close(ended)
		for {
			n, err := at.Accept()
			if err != nil {
				return
			}
			if _, err := n.Write([]byte{1}); err != nil {
				t.Error(err)
			}
			in <- n
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-ended
		for len(in) > 0 {
			(<-in).Close()
		}
	})
	return ln.Addr().String(), in
}

// enters tells whether a connection from an address is let in; the connection stays open until the test ends.
func enters(t *testing.T, from, to string) bool {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	n, err := d.DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	if err := n.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadFull(n, make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("a connection is neither let in nor closed")
	}
	return err == nil
}

// covers IN17
func TestCrowd(t *testing.T) {
	var full atomic.Int32
	c := &Crowd{All: 7, Each: 3, Exempt: []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}, Full: func() { full.Add(1) }}
	address, in := open(t, c)
	for i, want := range []bool{true, true, true, false, false} {
		if enters(t, "127.0.0.2", address) != want {
			t.Errorf("connection %d of one address: let in %v", i, !want)
		}
	}
	for i := range 4 {
		if !enters(t, "127.0.0.9", address) {
			t.Errorf("connection %d of a proxy is refused", i)
		}
	}
	if enters(t, "127.0.0.3", address) || enters(t, "127.0.0.9", address) {
		t.Error("an eighth connection is let in")
	}
	if full.Load() != 1 {
		t.Errorf("it was told %d times within a minute", full.Load())
	}
	first := <-in
	first.Close()
	first.Close() // net/http closes twice at times: that makes room for one
	if !enters(t, "127.0.0.2", address) {
		t.Error("one left and no other is let in")
	}
	if enters(t, "127.0.0.2", address) {
		t.Error("one left and two are let in")
	}
}

// A crowd without bounds counts, and lets all in.
func TestCrowdWithoutBounds(t *testing.T) {
	c := &Crowd{}
	address, in := open(t, c)
	for range 50 {
		if !enters(t, "127.0.0.2", address) {
			t.Fatal("refused")
		}
	}
	for range 50 {
		(<-in).Close()
	}
	if c.all != 0 || len(c.by) != 0 {
		t.Errorf("%d connections are left, of %d prefixes", c.all, len(c.by))
	}
}

// deadline remembers what was set.
type deadline struct {
	net.Conn
	at time.Time
}

func (d *deadline) SetWriteDeadline(t time.Time) error { d.at = t; return nil }
func (d *deadline) Write(b []byte) (int, error)        { return len(b), nil }

// covers IN17
func TestWritesDoNotWaitForever(t *testing.T) {
	under := &deadline{}
	g := &guest{Conn: under}
	write := func() {
		t.Helper()
		if _, err := g.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	near := func(what string, want time.Time) {
		t.Helper()
		if d := under.at.Sub(want).Abs(); d > 2*time.Second {
			t.Errorf("%s: the deadline is off by %v", what, d)
		}
	}
	write()
	near("a write", time.Now().Add(Stall))
	soon := time.Now().Add(5 * time.Second)
	if err := g.SetWriteDeadline(soon); err != nil {
		t.Fatal(err)
	}
	write()
	near("with a nearer one", soon)
	if err := g.SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	write()
	near("with a later one", time.Now().Add(Stall))
	if err := g.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	write()
	near("with none", time.Now().Add(Stall))
	g.moved = time.Now().Add(-time.Minute)
	under.at = time.Time{}
	write()
	near("later on", time.Now().Add(Stall))
}
