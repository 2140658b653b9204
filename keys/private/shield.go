//go:build goexperiment.runtimesecret

package private

import erased "runtime/secret"

// shielded runs f so that registers, stack and the heap it used are erased: the first
// two at once, heap when the collector finds it dead.
func shielded(f func()) { erased.Do(f) }
