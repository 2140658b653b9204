package outbox

import "context"

// doubt bounds how many messages a kill can repeat. Between the end of a message and the commit that says it was sent,
// the relay has it and the queue does not know: who is killed there sends it again. So only so many messages may be
// there at once, and the next waits with its last line unsent.
type doubt struct {
	of chan struct{} // one for each that is there
	in bool
}

// enter waits until there is room, or ctx ends.
func (d *doubt) enter(ctx context.Context) error {
	select {
	case d.of <- struct{}{}:
		d.in = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave comes when what happened is written down.
func (d *doubt) leave() {
	if d.in {
		<-d.of
	}
}
