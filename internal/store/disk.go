package store

import (
	"errors"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"sealform/forms/record"
)

// disk watches the room that is left where the database lies.
type disk struct {
	folder string
	min    int64 // 0: max(512 MiB, 5 %)

	mu   sync.Mutex
	seen time.Time // by the monotonic clock: a jump of the clock must not stop the looking
	low  bool
}

// glance is how long one look is believed.
const glance = 2 * time.Second

// room gives forms.ErrFull while the disk is nearly full. Reading and erasing go on
// then: that is what the rest is kept for.
func (d *disk) room() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen.IsZero() || time.Since(d.seen) >= glance {
		low, err := d.look()
		if err != nil {
			return err
		}
		d.low, d.seen = low, time.Now()
	}
	if d.low {
		return record.ErrFull
	}
	return nil
}

// Room is nil, or forms.ErrFull when the disk has less free space than Put asks for.
func (s *Store) Room() error { return s.disk.room() }

func (d *disk) look() (low bool, err error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(d.folder, &fs); err != nil {
		return false, err
	}
	size := uint64(fs.Bsize) //nolint:gosec // a block size is positive
	least := max(512<<20, fs.Blocks*size/20)
	if d.min > 0 {
		least = uint64(d.min)
	}
	return fs.Bavail*size < least, nil
}

// File systems over a network (statfs(2)): SQLite's WAL needs memory shared by all who
// open the file, and their locks are not to be trusted.
const (
	magicNFS  = 0x6969
	magicSMB  = 0x517b
	magicCIFS = 0xff534d42
	magicSMB2 = 0xfe534d42
	magic9P   = 0x01021997
)

// local refuses a database on a network file system.
func local(path string) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &fs); err != nil {
		return err
	}
	return localType(uint32(fs.Type)) //nolint:gosec // the magic numbers have 32 bits
}

func localType(magic uint32) error {
	switch magic {
	case magicNFS, magicSMB, magicCIFS, magicSMB2, magic9P:
		return errors.New("the database lies on a network file system, where SQLite cannot keep it safe: move it to a local disk")
	}
	return nil
}
