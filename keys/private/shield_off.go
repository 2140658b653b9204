//go:build !goexperiment.runtimesecret

package private

// shielded runs f. Built with GOEXPERIMENT=runtimesecret it also erases what f leaves
// behind in registers, stack and heap.
func shielded(f func()) { f() }
