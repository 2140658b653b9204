package engine

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

// A failing item never takes its batch along, and a refused one does not even undo it.
func TestBatchIsolation(t *testing.T) {
	db := newPlace(t).open()
	resume := stall(t, db)
	defer resume()
	const n = 12
	boom, errNo := errors.New("boom"), errors.New("no")
	runs := make([]int, n)
	answers := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			answers[i] = db.Write(t.Context(), 0, func(b *share) error {
				runs[i]++
				if i == 3 {
					return Refuse(errNo)
				}
				if _, err := b.Exec(`insert into thing (id, name) values ($1, $2)`, 100+i, fmt.Sprint(i)); err != nil {
					return err
				}
				if i == 7 {
					return boom
				}
				return nil
			})
		})
	}
	waitFor(t, "all wait", func() bool { return db.Waiting() == n })
	resume()
	wg.Wait()
	for i, err := range answers {
		var want error
		switch i {
		case 3:
			want = errNo
		case 7:
			want = boom
		}
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("item %d: %v", i, err)
		}
	}
	if got := things(t, db); got != n-2 {
		t.Errorf("%d rows, want those of the good items alone", got)
	}
	if runs[7] != 2 {
		t.Errorf("the failing item ran %d times, want in the batch and alone", runs[7])
	}
}
