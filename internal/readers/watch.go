package readers

import (
	"context"
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
	looking context.Context // of the look under way, however long it takes; nil: none. It ends with the look or after lookTime
}

func newWatch(now func() time.Time, look func(time.Time) error) *watch {
	return &watch{look: look, now: now, checked: now()}
}

// check says whether they may be sealed to.
func (w *watch) check() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if since := now.Sub(w.checked); w.looking == nil && since >= 0 && since < recheckAfter {
		return w.err
	}
	if w.looking == nil {
		looking, end := context.WithTimeoutCause(context.Background(), lookTime, errSlowKey)
		w.looking = looking
		go w.run(end, now)
	}
	looking := w.looking
	w.mu.Unlock()
	<-looking.Done()
	w.mu.Lock()
	if errors.Is(context.Cause(looking), errSlowKey) {
		return errSlowKey
	}
	return w.err
}

// run looks, and ends the context of the look when the outcome is known.
func (w *watch) run(end context.CancelFunc, now time.Time) {
	defer end()
	err := w.look(now)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checked, w.err, w.looking = now, err, nil
}
