package forms_test

import (
	"testing"

	"sealform/forms"
	"sealform/keys"
)

// BenchmarkRead is what a reading costs after opening.
func BenchmarkRead(b *testing.B) {
	p, f, row := frozen(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := forms.Read(keys.NewPlaintext(p), f, row); err != nil {
			b.Fatal(err)
		}
	}
}
