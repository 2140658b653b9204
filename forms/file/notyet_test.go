package file

import "testing"

// TestTypesAreTaken: no type that there is stands among those that come later.
func TestTypesAreTaken(t *testing.T) {
	for _, name := range types {
		if _, ok := laterTypes[name]; ok {
			t.Errorf("%s is a type and refused", name)
		}
	}
}
