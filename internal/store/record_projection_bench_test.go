package store

import (
	"fmt"
	"testing"
	"time"

	"sealform/internal/audit"
)

// BenchmarkProjection is what the first opening after a start waits for, and every later one, with 100,000 entries of which a tenth
// are about erasing.
func BenchmarkProjection(b *testing.B) {
	s, _ := newStore(b)
	for i := 0; i < 100_000; {
		err := s.write(b.Context(), 0, func(t *batch) error {
			for range 1000 {
				e := staff(audit.ActOpened, reference(int64(i)))
				if i%10 == 0 {
					e.Act = audit.ActErased
				}
				if err := t.append(s, e); err != nil {
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
	err := s.snapshot(b.Context(), func(r snapshot) error {
		for b.Loop() {
			s.projected = sharedProjection{projection: newProjection()}
			start := time.Now()
			for n, name := range []string{"first-ms", "later-ms"} {
				if err := s.projection(b.Context(), r, func(p *projection) {
					if len(p.erased) != 10_000 {
						b.Fatal(fmt.Sprint(n, len(p.erased)))
					}
				}); err != nil {
					return err
				}
				b.ReportMetric(float64(time.Since(start).Microseconds())/1000, name)
				start = time.Now()
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
