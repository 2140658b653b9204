package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"sealform/internal/audit"
	"sealform/internal/durable"
)

// head is the file outside the database that says how many audit entries were written.
// It only ever goes forward, whichever process writes it: a lock file beside it makes
// reading and replacing one step.
type head struct {
	path  string
	chain *audit.Chain

	mu      sync.Mutex // of last
	last    audit.Head // the latest entry known to be committed
	file    sync.Mutex // of the file and written
	written audit.Head // zero: not known to be one of ours
}

// known is the latest entry that this process knows to have been written.
func (h *head) known() audit.Head {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// note keeps the later of two entries.
func (h *head) note(l audit.Head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.Count > h.last.Count {
		h.last = l
	}
}

// load reads the file: os.ErrNotExist, audit.ErrHead.
func (h *head) load() (l audit.Head, err error) {
	b, err := os.ReadFile(h.path)
	if err != nil {
		return l, err
	}
	if l, err = h.chain.ParseHead(b); err != nil {
		return l, err
	}
	h.note(l)
	return l, nil
}

// check reads the file, and says what this process last found or left in it.
func (h *head) check() (now, before audit.Head, err error) {
	h.file.Lock()
	defer h.file.Unlock()
	now, err = h.load()
	return now, h.written, err
}

// advance brings the file up to l at least. Those who wait together need one writing.
func (h *head) advance(l audit.Head) error {
	h.note(l)
	h.file.Lock()
	defer h.file.Unlock()
	if h.written.Count >= l.Count {
		return nil
	}
	unlock, err := h.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if old, err := h.load(); err == nil && old.Count >= l.Count {
		h.written = old
		return nil
	}
	now := h.known()
	line := bytes.NewReader(h.chain.EncodeHead(now))
	if err := durable.Write(h.path, filepath.Base(h.path)+".new-*", 0o600, line); err != nil {
		return err
	}
	h.written = now
	return nil
}

// lock keeps other processes from the file.
func (h *head) lock() (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(h.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil // closing gives the lock back
}
