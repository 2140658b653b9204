package engine

import "time"

// gather takes what waits; more is false once the queue is closed and empty.
func (w *writer[B]) gather() (items []*item[B], more bool) {
	g := gathering[B]{w: w}
	if w.held != nil {
		g.add(w.held)
		w.held = nil
	} else {
		it, ok := <-w.queue
		if !ok {
			return nil, false
		}
		g.add(it)
	}
	more = g.takeWaiting()
	if more && !g.full && len(g.items) < w.before {
		more = g.awaitOthers()
	}
	w.before = len(g.items)
	return g.items, more || w.held != nil
}

// gathering is a batch that is being put together.
type gathering[B Batch] struct {
	w     *writer[B]
	items []*item[B]
	bytes int32
	full  bool
}

// add takes an item in, or holds it back for the next batch when it has no room here.
func (g *gathering[B]) add(it *item[B]) {
	crowd := len(g.items) > 0
	if crowd && (it.alone != nil || g.bytes+it.size > batchBytes) {
		g.w.held, g.full = it, true
		return
	}
	if !it.state.CompareAndSwap(waiting, started) {
		return
	}
	g.items = append(g.items, it)
	g.bytes += it.size
	g.full = it.alone != nil || len(g.items) == batchItems
}

// takeWaiting takes what waits already. It is false once the queue is closed.
func (g *gathering[B]) takeWaiting() bool {
	for !g.full {
		select {
		case it, ok := <-g.w.queue:
			if !ok {
				return false
			}
			g.add(it)
		default:
			return true
		}
	}
	return true
}

// awaitOthers waits a moment for as many as were in the batch before. It is false once the
// queue is closed.
func (g *gathering[B]) awaitOthers() bool {
	t := time.NewTimer(commitDelay)
	defer t.Stop()
	for !g.full && len(g.items) < g.w.before {
		select {
		case it, ok := <-g.w.queue:
			if !ok {
				return false
			}
			g.add(it)
		case <-t.C:
			return true
		}
	}
	return true
}
