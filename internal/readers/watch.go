package readers

import (
	"errors"
	"sync"
	"time"
)

// recheckAfter is how old the knowledge of key files may be when a form is sealed.
const recheckAfter = 2 * time.Second

// lookTime is how long one look may take: what is not known by then counts as not there.
const lookTime = time.Second

var errSlowKey = errors.New("a key file cannot be read in time")

// watch knows, from at most two seconds ago, whether keys may be sealed to. Only one look is under way at a time, and
// nobody waits for it for longer than lookTime: a disk that hangs closes the form and holds up nobody.
type watch struct {
	look func(now time.Time) error // reads and checks; called by one goroutine at a time
	now  func() time.Time

	mu      sync.Mutex
	checked time.Time
	err     error
	looking *look // under way, however long it takes; nil: none
}

// look is one reading of the files.
type look struct {
	due  time.Time
	done chan struct{} // closed when err is known
	err  error
}

func newWatch(now func() time.Time, look func(time.Time) error) *watch {
	return &watch{look: look, now: now, checked: now()}
}

// check says whether they may be sealed to.
func (w *watch) check() error {
	w.mu.Lock()
	now := w.now()
	if since := now.Sub(w.checked); w.looking == nil && since >= 0 && since < recheckAfter {
		defer w.mu.Unlock()
		return w.err
	}
	if w.looking == nil {
		w.looking = &look{done: make(chan struct{}), due: time.Now().Add(lookTime)}
		go w.run(w.looking, now)
	}
	l := w.looking
	w.mu.Unlock()
	late := time.NewTimer(time.Until(l.due))
	defer late.Stop()
	select {
	case <-l.done:
		return l.err
	case <-late.C:
	}
	select {
	case <-l.done: // both at once
		return l.err
	default:
		return errSlowKey
	}
}

func (w *watch) run(l *look, now time.Time) {
	l.err = w.look(now)
	w.mu.Lock()
	w.checked, w.err, w.looking = now, l.err, nil
	w.mu.Unlock()
	close(l.done)
}
