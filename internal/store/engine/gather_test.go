package engine

import (
	"context"
	"sync"
	"testing"
)

// However much waits, one transaction takes a bounded share, and all of it gets its turn.
func TestBatchesAreBounded(t *testing.T) {
	db := newPlace(t).open()
	for name, test := range map[string]struct{ items, size, most int }{
		"by bytes": {40, 128 << 10, batchBytes / (128 << 10)},
		"by count": {2 * batchItems, 0, batchItems},
		"too big":  {5, 2 * batchBytes, 1},
	} {
		t.Run(name, func(t *testing.T) {
			resume := stall(t, db)
			defer resume()
			var wg sync.WaitGroup
			shares := map[*share]int{} // of the writer's goroutine alone
			for range test.items {
				wg.Go(func() {
					err := db.Write(context.Background(), test.size, func(b *share) error { shares[b]++; return nil })
					if err != nil {
						t.Error(err)
					}
				})
			}
			waitFor(t, "all wait", func() bool { return db.Waiting() == test.items })
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
