//go:build !linux

package main

import "runtime/debug"

// harden does what it can where there is no prctl.
func harden() { debug.SetTraceback("single") }
