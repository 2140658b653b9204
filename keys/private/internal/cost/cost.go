// Package cost holds what it costs to unlock a key at rest. A program always pays
// Standard. Only package privatetest, beside it, can ask for less, and it needs a test
// to do so; the internal folder keeps everybody else out.
package cost

import "sync/atomic"

// Lock is an Argon2id setting as OpenPGP writes it (RFC 9580 §3.7.1.4).
type Lock struct {
	MemoryExponent byte // 1<<MemoryExponent KiB
	Passes         byte
	Lanes          byte
}

// Standard is RFC 9106's second choice, with one lane: 64 MiB, three passes.
var Standard = Lock{MemoryExponent: 16, Passes: 3, Lanes: 1}

var cheap atomic.Bool

// Cheapen makes keys cost about a millisecond from now on, in this process, or again the
// standard.
func Cheapen(on bool) { cheap.Store(on) }

// Current is the cost of locking new keys, and the least that a stored key may have.
func Current() Lock {
	if cheap.Load() {
		return Lock{MemoryExponent: 10, Passes: 1, Lanes: 1}
	}
	return Standard
}
