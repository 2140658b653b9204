package mail

import (
	"context"
	"errors"
	"net"
	"time"
)

// mostReplies bounds what a relay may say in one conversation, handshake included. The line reader below would
// otherwise keep an endless line in memory.
const mostReplies = 256 << 10

var errTalksTooMuch = errors.New("the relay's replies have no end")

// wire is the connection under TLS: it counts what comes in, gives every step its time, and closes when ctx ends.
type wire struct {
	net.Conn
	left int
	stop func() bool
}

func newWire(ctx context.Context, c net.Conn) *wire {
	w := &wire{Conn: c, left: mostReplies}
	w.stop = context.AfterFunc(ctx, func() { _ = c.Close() })
	return w
}

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	if w.left <= 0 {
		return 0, errTalksTooMuch
	}
	n, err := w.Conn.Read(p[:min(len(p), w.left)])
	w.left -= n
	return n, err
}

// allow gives what comes next so long. A relay that sends a byte now and then does not get more time by it.
func (w *wire) allow(d time.Duration) error { return w.SetDeadline(time.Now().Add(d)) }

func (w *wire) end() {
	w.stop()
	_ = w.Close()
}
