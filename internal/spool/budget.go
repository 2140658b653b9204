package spool

import (
	"cmp"
	"net/netip"
	"sync"
)

// budget counts bytes against a bound for all and one for each address.
type budget struct {
	all, each int64

	mu   sync.Mutex
	used int64
	by   map[netip.Addr]int64
}

// newBudget takes the usual bound where one is zero.
func newBudget(all, usualAll, each, usualEach int64) budget {
	return budget{all: cmp.Or(all, usualAll), each: cmp.Or(each, usualEach), by: map[netip.Addr]int64{}}
}

// take reserves n bytes for addr or answers ErrFull.
func (b *budget) take(addr netip.Addr, n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.all || b.by[addr]+n > b.each {
		return ErrFull
	}
	b.used += n
	b.by[addr] += n
	return nil
}

func (b *budget) giveBack(addr netip.Addr, n int64) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.by[addr] -= n; b.by[addr] <= 0 {
		delete(b.by, addr)
	}
}

func (b *budget) sum() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}
