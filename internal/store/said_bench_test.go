package store

import (
	"fmt"
	"testing"
	"time"

	"sealform/internal/audit"
)

// BenchmarkHeard is what the first opening after a start waits for, and every later one, with 100,000 entries of which a tenth
// are about erasing.
func BenchmarkHeard(b *testing.B) {
	s, _ := newStore(b)
	for i := 0; i < 100_000; {
		err := s.w.write(b.Context(), 0, func(t *batch) error {
			for range 1000 {
				e := staff(audit.ActOpened, reference(int64(i)))
				if i%10 == 0 {
					e.Act = audit.ActErased
				}
				if _, err := t.append(s, e); err != nil {
					return err
				}
				i++
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	tx, err := s.read.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	for b.Loop() {
		s.hearing = hearing{said: newSaid()}
		start := time.Now()
		for n, name := range []string{"first-ms", "later-ms"} {
			if err := s.heard(b.Context(), snapshot{tx: tx}, func(x *said) {
				if len(x.erased) != 10_000 {
					b.Fatal(fmt.Sprint(n, len(x.erased)))
				}
			}); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(time.Since(start).Microseconds())/1000, name)
			start = time.Now()
		}
	}
}
