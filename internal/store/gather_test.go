package store

import (
	"context"
	"sync"
	"testing"
)

// However much waits, one transaction takes a bounded share, and all of it gets its turn.
func TestBatchesAreBounded(t *testing.T) {
	s, _ := newStore(t)
	for name, test := range map[string]struct{ items, size, most int }{
		"by bytes": {40, chunkSize, batchBytes / chunkSize},
		"by count": {2 * batchItems, 0, batchItems},
		"too big":  {5, 2 * batchBytes, 1},
	} {
		t.Run(name, func(t *testing.T) {
			resume := stall(t, s)
			defer resume()
			var wg sync.WaitGroup
			shares := map[*batch]int{} // of the writer's goroutine alone
			for range test.items {
				wg.Go(func() {
					err := s.w.write(context.Background(), test.size, func(b *batch) error { shares[b]++; return nil })
					if err != nil {
						t.Error(err)
					}
				})
			}
			waitFor(t, "all wait", func() bool { return len(s.w.queue) == test.items })
			resume()
			wg.Wait()
			sum := 0
			for _, n := range shares {
				if sum += n; n > test.most {
					t.Errorf("%d in one transaction", n)
				}
			}
			if sum != test.items {
				t.Errorf("%d of %d ran", sum, test.items)
			}
		})
	}
}
