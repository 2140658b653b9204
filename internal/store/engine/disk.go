package engine

import (
	"sync"
	"time"
)

// disk watches the room that is left where the database lies.
type disk struct {
	low func() (bool, error)

	mu   sync.Mutex
	seen time.Time // by the monotonic clock: a jump of the clock must not stop the looking
	full bool
}

// roomValid is how long one measurement counts.
const roomValid = 2 * time.Second

// room is ErrFull while there is too little.
func (d *disk) room() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen.IsZero() || time.Since(d.seen) >= roomValid {
		full, err := d.low()
		if err != nil {
			return err
		}
		d.full, d.seen = full, time.Now()
	}
	if d.full {
		return ErrFull
	}
	return nil
}
