//go:build !linux

package spool

import "os"

// unnamed makes a file in dir and removes its name at once.
func unnamed(dir string) (*os.File, error) { return madeAndRemoved(dir) }
