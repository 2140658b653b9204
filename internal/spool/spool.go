// Package spool holds the files of one request while its answers are checked and sealed, and no longer.
//
// What is written is ciphertext: every file has a random key of its own that lives in memory only, and its bytes are
// sealed with AES-256-GCM in frames before they go anywhere. Up to 256 KiB stay in memory; more goes to a file
// that has no name (O_TMPFILE, or removed as soon as it is made), so that after kill -9 or a power cut there is neither
// a file nor a key. Request.Close forgets both.
//
// All requests together, and those of one address, have a budget of bytes: beyond it Add answers ErrFull. For IPv6 an
// address is its /64.
package spool

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
)

// ErrFull: there is no room for an upload now. Later there may be.
var ErrFull = errors.New("no room for uploads")

const (
	frameSize   = 64 << 10  // plaintext bytes a frame
	inMemory    = 256 << 10 // a file up to this size stays in memory
	memoryShare = 32 << 20  // as long as all that stays in memory is below this
)

// Config bounds a spool.
type Config struct {
	Dir        string // O_TMPFILE files of ciphertext are made here
	Budget     int64  // bytes of all uploads together; 0: 1 GiB
	PerAddress int64  // 0: 256 MiB
}

// Spool is shared by all requests.
type Spool struct {
	dir                string
	budget, perAddress int64

	mu        sync.Mutex
	used      int64
	memory    int64
	byAddress map[netip.Addr]int64
}

// New makes the folder if need be (0700) and removes what a crash may have left in it.
func New(c Config) (*Spool, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the spool: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(c.Dir, leftover))
	if err != nil {
		return nil, fmt.Errorf("sweeping the spool: %w", err)
	}
	for _, name := range left {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("sweeping the spool: %w", err)
		}
	}
	f, err := unnamed(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("trying the spool: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("trying the spool: %w", err)
	}
	s := &Spool{dir: c.Dir, budget: c.Budget, perAddress: c.PerAddress, byAddress: map[netip.Addr]int64{}}
	if s.budget == 0 {
		s.budget = 1 << 30
	}
	if s.perAddress == 0 {
		s.perAddress = 256 << 20
	}
	return s, nil
}

// Request begins the files of one request from addr. It must be closed.
func (s *Spool) Request(addr netip.Addr) *Request {
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			addr = p.Addr()
		}
	}
	return &Request{spool: s, addr: addr}
}

// Used is the number of bytes held now, for all requests.
func (s *Spool) Used() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// take reserves n bytes for addr or answers ErrFull.
func (s *Spool) take(addr netip.Addr, n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used+n > s.budget || s.byAddress[addr]+n > s.perAddress {
		return ErrFull
	}
	s.used += n
	s.byAddress[addr] += n
	return nil
}

func (s *Spool) giveBack(addr netip.Addr, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= n
	if s.byAddress[addr] -= n; s.byAddress[addr] <= 0 {
		delete(s.byAddress, addr)
	}
}

// remember counts n bytes as held in memory, and tells whether there is room for them.
func (s *Spool) remember(n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.memory+n > memoryShare {
		return false
	}
	s.memory += n
	return true
}

func (s *Spool) forget(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memory -= n
}

// Request is the files of one request. Its methods are for one goroutine.
type Request struct {
	spool *Spool
	addr  netip.Addr
	files []*File
}

// Close forgets all files of the request. Readers that are still open fail from now on.
func (r *Request) Close() error {
	var errs []error
	for _, f := range r.files {
		errs = append(errs, f.drop())
	}
	r.files = nil
	return errors.Join(errs...)
}
