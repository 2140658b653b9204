package limit

import (
	"sync"
	"time"
)

// Waits are the back-off per key: failures in a row and the wait that a Growth makes of them, in memory and bounded.
type Waits[K comparable] struct {
	growth Growth
	now    func() time.Time
	mu     sync.Mutex
	tries  *recent[K, tries]
}

type tries struct {
	failures int
	retry    time.Time
}

// NewWaits remembers at most keys keys.
func NewWaits[K comparable](g Growth, keys int, now func() time.Time) *Waits[K] {
	return &Waits[K]{growth: g, now: now, tries: newRecent[K, tries](keys)}
}

// Wait is how long the key must still wait; zero when it need not.
func (w *Waits[K]) Wait(k K) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, _ := w.tries.get(k)
	return max(0, t.retry.Sub(w.now()))
}

// Fail counts a failure.
func (w *Waits[K]) Fail(k K) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, _ := w.tries.get(k)
	t.failures++
	t.retry = w.now().Add(w.growth.After(t.failures))
	w.tries.set(k, t)
}
