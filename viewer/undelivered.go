package viewer

import (
	"context"
	"fmt"
	"time"

	"sealform/internal/staff"
	"sealform/internal/store"
)

const (
	overdueAfter = time.Hour   // how long a message may wait before staff are told
	clockSkew    = time.Minute // how far the clocks of two machines may be apart
)

// Undelivered counts what of the person's is overdue or given up, for the banner of every page. The figures cost the same
// however much waits, and are those of the columns: the list of deliveries verifies them.
func (d *desk) Undelivered(ctx context.Context, who staff.Staff) (store.Undelivered, error) {
	mine := d.reachOf(who)
	if mine.isEmpty() {
		return store.Undelivered{}, nil
	}
	now := d.Now()
	u, err := d.Store.Undelivered(ctx, mine.filter(), now.Add(-overdueAfter), now.Add(clockSkew))
	if err != nil {
		return store.Undelivered{}, fmt.Errorf("counting deliveries: %w", err)
	}
	if !u.Since.Before(now) { // nobody knows since when one waits that a clock ahead made
		u.Since = time.Time{}
	}
	return u, nil
}
