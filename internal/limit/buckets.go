package limit

import (
	"sync"
	"time"
)

// Buckets are rate limits (leaky buckets): how often something happened for a key. Each holds most; one drains
// in per. The number of keys is bounded: the one that was quiet longest is forgotten.
type Buckets[K comparable] struct {
	most float64
	rate float64 // drained per second
	now  func() time.Time
	mu   sync.Mutex
	keys *recent[K, bucket]
}

type bucket struct {
	level float64
	at    time.Time
}

// NewBuckets makes buckets that take most events in per and hold at most keys keys.
func NewBuckets[K comparable](most int, per time.Duration, keys int, now func() time.Time) *Buckets[K] {
	return &Buckets[K]{
		most: float64(most), rate: float64(most) / per.Seconds(), now: now, keys: newRecent[K, bucket](keys),
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
	b.keys.set(k, bucket{b.level(k) + 1, b.now()})
}

// Take counts one event if there is room, else says how long to wait.
func (b *Buckets[K]) Take(k K) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	level := b.level(k)
	if w := b.wait(level); w > 0 {
		return w
	}
	b.keys.set(k, bucket{level + 1, b.now()})
	return 0
}

// Forget empties the key's bucket.
func (b *Buckets[K]) Forget(k K) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys.forget(k)
}

func (b *Buckets[K]) wait(level float64) time.Duration {
	over := level + 1 - b.most
	if over <= 1e-9 {
		return 0
	}
	return time.Duration(over / b.rate * float64(time.Second))
}

func (b *Buckets[K]) level(k K) float64 {
	x, _ := b.keys.get(k)
	passed := max(0, b.now().Sub(x.at).Seconds()) // a clock set back drains nothing
	return max(0, x.level-passed*b.rate)
}
