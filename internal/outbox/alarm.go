package outbox

import (
	"context"
	"slices"
	"time"

	"sealform/internal/notice"
	"sealform/internal/store"
)

const day = 24 * time.Hour

// raise enqueues an alarm to each of those addresses that had none about the same within its time, and gives those
// that were left out. The figures are looked up when it is sent.
func (o *Outbox) raise(ctx context.Context, what about, to []string) (left []string) {
	within := day
	if what.Matter == notice.KeyEnds && what.Days > 0 {
		within = 60 * day // once for each mark
	}
	for _, address := range to {
		added, err := o.Store.EnqueueOnce(ctx, store.Job{Channel: store.Alarm, To: address, Received: o.Now(), About: what.json()}, within)
		o.trouble(ctx, "alarm", err)
		if added {
			o.wakeLanes()
		} else {
			left = append(left, address)
		}
	}
	return left
}

// givenUp alarms that letters were given up. Nothing else will ever bring it up again, so who was told of others
// within the day is told when it is over.
func (o *Outbox) givenUp(ctx context.Context) {
	o.owe(o.raise(ctx, about{Matter: notice.DeadLetter}, o.Alarms))
}

func (o *Outbox) owe(to []string) {
	o.plans.mu.Lock()
	defer o.plans.mu.Unlock()
	for _, address := range to {
		if !slices.Contains(o.plans.owed, address) {
			o.plans.owed = append(o.plans.owed, address)
		}
	}
}

func (o *Outbox) raiseOwed(ctx context.Context) {
	o.plans.mu.Lock()
	to := o.plans.owed
	o.plans.owed = nil
	o.plans.mu.Unlock()
	o.owe(o.raise(ctx, about{Matter: notice.DeadLetter}, to))
}

// marks are the days before its end at which a key is alarmed; 0 is the end, alarmed daily.
var marks = [...]int{0, 1, 7, 14, 30, 60}

// endings alarms keys that end.
func (o *Outbox) endings(ctx context.Context, now time.Time) {
	if o.Ending == nil {
		return
	}
	for _, e := range o.Ending(now) {
		left := daysUntil(e.At, now)
		for _, mark := range marks {
			if left <= int64(mark) {
				o.raise(ctx, about{Matter: notice.KeyEnds, Name: e.Name, Days: mark, Ends: e.At.UTC().Format(time.RFC3339)}, o.Alarms)
				break
			}
		}
	}
}

// closed alarms that forms are closed to visitors, though nobody meant them to be.
func (o *Outbox) closed(ctx context.Context, now time.Time) {
	if o.Closed != nil && len(o.Closed(now)) > 0 {
		o.raise(ctx, about{Matter: notice.FormClosed}, o.Alarms)
	}
}

// daysUntil counts a day that has begun; 0: it is over.
func daysUntil(at, now time.Time) int64 {
	if left := at.Sub(now); left > 0 {
		return int64((left + day - 1) / day)
	}
	return 0
}
