// Package spool holds the files of one request while its answers are checked and sealed, and no longer.
//
// What is written is ciphertext: every file has a random key of its own that lives in memory only, and its bytes are
// sealed with AES-256-GCM in frames before they go anywhere. Up to 256 KiB stay in memory; more goes to a file
// that has no name (O_TMPFILE, or removed as soon as it is made), so that after kill -9 or a power cut there is neither
// a file nor a key. Request.Close forgets both.
//
// All requests together, and those of one address, have a budget of bytes: beyond it Add answers ErrFull. What a request
// keeps of its body otherwise, its answers, is in memory in the clear and has a smaller budget: Hold. For IPv6 an address
// is its /64.
package spool

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
)

// ErrFull means that a budget of bytes or the disk is used up. Later there may be room.
var ErrFull = errors.New("no room for what is sent")

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

	Memory           int64 // bytes of text and buffers in memory, of all requests together; 0: 64 MiB
	MemoryPerAddress int64 // 0: 8 MiB
}

// Spool is shared by all requests.
type Spool struct {
	dir    string
	disk   budget // what files hold, sealed, wherever they lie
	memory budget // what requests hold in the clear while they are read

	sealed atomic.Int64 // bytes of sealed files that lie in memory
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
	return &Spool{
		dir: c.Dir, disk: newBudget(c.Budget, 1<<30, c.PerAddress, 256<<20), memory: newBudget(c.Memory, 64<<20, c.MemoryPerAddress, 8<<20),
	}, nil
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

// Used is the number of bytes held now, for all requests, on disk and in memory.
func (s *Spool) Used() int64 { return s.disk.sum() + s.memory.sum() }

// remember counts n bytes as held in memory, and tells whether there is room for them.
func (s *Spool) remember(n int64) bool {
	if s.sealed.Add(n) > memoryShare {
		s.sealed.Add(-n)
		return false
	}
	return true
}

// Request is the files of one request. Its methods are for one goroutine.
type Request struct {
	spool *Spool
	addr  netip.Addr
	files []*File
	held  int64 // bytes in memory
}

// Hold reserves n bytes of memory for what a request keeps of its body beside files, before they are allocated; a
// negative n gives some back. ErrFull when there is no room. Close gives back the rest.
func (r *Request) Hold(n int64) error {
	if n > 0 {
		if err := r.spool.memory.take(r.addr, n); err != nil {
			return err
		}
	} else {
		r.spool.memory.giveBack(r.addr, -n)
	}
	r.held += n
	return nil
}

// Close forgets all files of the request. Readers that are still open fail from now on.
func (r *Request) Close() error {
	var errs []error
	for _, f := range r.files {
		errs = append(errs, f.drop())
	}
	r.files = nil
	r.spool.memory.giveBack(r.addr, r.held)
	r.held = 0
	return errors.Join(errs...)
}
