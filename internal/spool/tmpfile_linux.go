package spool

import (
	"os"

	"golang.org/x/sys/unix"
)

// unnamed makes a file in dir that never has a name.
func unnamed(dir string) (*os.File, error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC|unix.O_EXCL, 0o600)
	if err != nil {
		return madeAndRemoved(dir)
	}
	return os.NewFile(uintptr(fd), "spool"), nil
}
