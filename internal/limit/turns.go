package limit

import (
	"hash/maphash"
	"sync"
)

// Turns let one at a time act for a name, such as an account: guesses sent side by side would else all be judged by the
// same count of failures. Names are spread over a fixed number of locks, so that none has to be forgotten; two names may
// share one. The zero Turns is ready for use.
type Turns struct {
	once  sync.Once
	seed  maphash.Seed
	locks [64]sync.Mutex
}

// Take waits for the name's turn; done ends it.
func (t *Turns) Take(name string) (done func()) {
	t.once.Do(func() { t.seed = maphash.MakeSeed() })
	m := &t.locks[maphash.String(t.seed, name)%uint64(len(t.locks))]
	m.Lock()
	return m.Unlock
}
