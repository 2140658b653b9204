package record_test

import (
	"testing"

	"sealform/forms/record"
	"sealform/keys"
)

// BenchmarkRead is what a reading costs after opening.
func BenchmarkRead(b *testing.B) {
	p, f, row := frozen(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := record.Read(keys.NewPlaintext(p), f, row); err != nil {
			b.Fatal(err)
		}
	}
}
