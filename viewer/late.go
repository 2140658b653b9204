package viewer

import (
	"context"
	"fmt"
	"time"

	"sealform/internal/staff"
	"sealform/templates"
)

const (
	lateAfter = time.Hour   // how long a message may wait before staff are told
	ahead     = time.Minute // how far the clocks of two machines may be apart
)

// late says what of the person's does not get out; nil where all does. The figures cost the same however much waits, and
// are those of the columns: the list of deliveries verifies them.
func (h *handlers) late(ctx context.Context, who staff.Staff) (*templates.StaffLate, error) {
	mine := h.desk.reachOf(who)
	if mine.isEmpty() {
		return nil, nil //nolint:nilnil // nothing is late
	}
	now := h.desk.Now()
	u, err := h.desk.Store.Undelivered(ctx, mine.filter(), now.Add(-lateAfter), now.Add(ahead))
	if err != nil {
		return nil, fmt.Errorf("counting deliveries: %w", err)
	}
	l := &templates.StaffLate{Waiting: u.Waiting, GivenUp: u.GivenUp}
	if l.Count() == 0 {
		return nil, nil //nolint:nilnil // nothing is late
	}
	if !u.Since.IsZero() && u.Since.Before(now) { // nobody knows since when one waits that a clock ahead made
		since := h.moment(u.Since)
		l.Since = &since
	}
	return l, nil
}
