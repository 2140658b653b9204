package mail

import (
	"context"
	"errors"
	"net"
	"time"
)

// mostReplies bounds what a relay may say while it takes one message, handshake included. The line reader above would
// otherwise keep an endless line in memory.
const mostReplies = 256 << 10

var errTalksTooMuch = errors.New("the relay's replies have no end")

// wire is the connection under TLS: it counts what comes in, gives every step its time, and closes when the context of
// the present message ends.
type wire struct {
	net.Conn
	left   int
	broken bool // something went wrong: there is nobody to be polite to
	stop   func() bool
}

// begin makes the wire that of one message.
func (w *wire) begin(ctx context.Context) {
	w.left = mostReplies
	w.stop = context.AfterFunc(ctx, func() { _ = w.Close() })
}

// release lets it outlive ctx; false: ctx has ended already.
func (w *wire) release() bool { return w.stop() && !w.broken }

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	if w.left <= 0 {
		w.broken = true
		return 0, errTalksTooMuch
	}
	n, err := w.Conn.Read(p[:min(len(p), w.left)])
	w.left -= n
	w.broken = w.broken || err != nil
	return n, err
}

// Write implements net.Conn.
func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.broken = w.broken || err != nil
	return n, err
}

// allow gives what comes next so long. A relay that sends a byte now and then does not get more time by it.
func (w *wire) allow(d time.Duration) error { return w.SetDeadline(time.Now().Add(d)) }

func (w *wire) end() {
	w.stop()
	_ = w.Close()
}
