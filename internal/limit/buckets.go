package limit

import (
	"container/list"
	"sync"
	"time"
)

// Buckets count how often something happened for a key. Each holds most; one drains
// in per. The number of keys is bounded: the one that was quiet longest is forgotten.
type Buckets[K comparable] struct {
	most  float64
	rate  float64 // drained per second
	keys  int
	now   func() time.Time
	mu    sync.Mutex
	at    map[K]*list.Element
	quiet *list.List // of *bucket[K], the quietest at the back
}

type bucket[K comparable] struct {
	key   K
	level float64
	at    time.Time
}

// NewBuckets makes buckets that take most events in per and hold at most keys keys.
func NewBuckets[K comparable](most int, per time.Duration, keys int, now func() time.Time) *Buckets[K] {
	return &Buckets[K]{
		most: float64(most), rate: float64(most) / per.Seconds(), keys: keys, now: now,
		at: map[K]*list.Element{}, quiet: list.New(),
	}
}

// Wait is how long until the key's bucket has room for one more; zero when it has now.
func (b *Buckets[K]) Wait(k K) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wait(b.level(k))
}

// Add counts one event, whether or not there is room.
func (b *Buckets[K]) Add(k K) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.set(k, b.level(k)+1)
}

// Take counts one event if there is room, else says how long to wait.
func (b *Buckets[K]) Take(k K) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	level := b.level(k)
	if w := b.wait(level); w > 0 {
		return w
	}
	b.set(k, level+1)
	return 0
}

// Level is how full the key's bucket is.
func (b *Buckets[K]) Level(k K) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.level(k)
}

// Forget empties the key's bucket.
func (b *Buckets[K]) Forget(k K) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, ok := b.at[k]; ok {
		b.quiet.Remove(e)
		delete(b.at, k)
	}
}

func (b *Buckets[K]) wait(level float64) time.Duration {
	over := level + 1 - b.most
	if over <= 1e-9 {
		return 0
	}
	return time.Duration(over / b.rate * float64(time.Second))
}

func (b *Buckets[K]) level(k K) float64 {
	e, ok := b.at[k]
	if !ok {
		return 0
	}
	x := e.Value.(*bucket[K])
	passed := max(0, b.now().Sub(x.at).Seconds()) // a clock set back drains nothing
	return max(0, x.level-passed*b.rate)
}

func (b *Buckets[K]) set(k K, level float64) {
	if e, ok := b.at[k]; ok {
		*e.Value.(*bucket[K]) = bucket[K]{k, level, b.now()}
		b.quiet.MoveToFront(e)
		return
	}
	for len(b.at) >= b.keys {
		e := b.quiet.Back()
		b.quiet.Remove(e)
		delete(b.at, e.Value.(*bucket[K]).key)
	}
	b.at[k] = b.quiet.PushFront(&bucket[K]{k, level, b.now()})
}
