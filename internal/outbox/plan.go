package outbox

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"sealform/internal/event"
	"sealform/internal/notice"
	"sealform/internal/store"
)

const (
	planEach = time.Minute // between two looks of the planner without a nudge
	planGap  = time.Second // the least between two looks with nudges
	hourly   = time.Hour   // between two looks at what changes slowly
	tooLong  = time.Hour   // what waits for longer is alarmed
	warnEach = 15 * time.Minute
)

// plans is what the planner remembers. Nothing rests on it: marks and alarms that were told are in the store.
type plans struct {
	started time.Time
	warned  time.Time
	kept    time.Time // when the hourly work was done
	probed  time.Time

	mu   sync.Mutex
	owed []string // alarm addresses to be told of letters given up, once a day has passed
}

// plan puts into the queue what has to be said, until ctx ends.
func (o *Outbox) plan(ctx context.Context) {
	each := time.NewTicker(planEach)
	defer each.Stop()
	for ctx.Err() == nil {
		o.round(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(planGap):
		}
		select {
		case <-ctx.Done():
		case <-o.look:
		case <-each.C:
		}
	}
}

// round is one look at everything.
func (o *Outbox) round(ctx context.Context) {
	now := o.Now()
	o.trouble(ctx, "clock", o.Store.ClampFuture(ctx, slices.Collect(maps.Keys(o.channels)), now))
	o.probe(ctx, now)
	if o.relay.cameBack() {
		o.trouble(ctx, "hasten", o.retryFailed(ctx))
	}
	if o.Note != nil {
		for i := range o.Forms {
			o.trouble(ctx, "notify", o.announce(ctx, &o.Forms[i], now))
		}
	}
	o.trouble(ctx, "watch", o.watch(ctx, now))
	if since := now.Sub(o.plans.kept); since >= hourly || since < 0 {
		o.plans.kept = now
		o.relay.forgetBefore(now.Add(-2 * hourly))
		o.endings(ctx, now)
		o.closed(ctx, now)
		o.trouble(ctx, "purge", o.purge(ctx))
	}
}

// purge removes what was sent long ago, by the clock that erasing trusts, which another task moves on.
func (o *Outbox) purge(ctx context.Context) error {
	now, err := o.Store.Witnessed(ctx, 0)
	if err == nil {
		_, err = o.Store.PurgeSent(ctx, now.Add(-o.Keep))
	}
	return err
}

// trouble tells that something has to be tried again at the next look.
func (o *Outbox) trouble(ctx context.Context, code event.Code, err error) {
	if err != nil && ctx.Err() == nil {
		o.Events.Trouble("outbox", code)
	}
}

// watch warns, in the log and by alarm, when what waits does not get out.
func (o *Outbox) watch(ctx context.Context, now time.Time) error {
	o.raiseOwed(ctx)
	n, oldest, err := o.Store.Waiting(ctx)
	if err != nil || n == 0 || !old(oldest, now) {
		return err
	}
	if since := now.Sub(o.plans.warned); since >= warnEach || since < 0 {
		o.plans.warned = now
		o.Events.Trouble("outbox", "waiting_over_an_hour")
	}
	o.raise(ctx, about{Matter: notice.QueueOld}, o.Alarms)
	return nil
}

// old says whether what was made then waits for too long. What is of the future is, for all that anybody can tell.
func old(made, now time.Time) bool { return now.Sub(made) > tooLong || made.After(now) }

// page is how many jobs are read at once.
const page = 500

// count counts the jobs of a state, of the forms named (nil: of all), that fit.
func (o *Outbox) count(ctx context.Context, state store.JobState, forms []string, fits func(*store.Job) bool) (n int64, err error) {
	f := store.JobFilter{State: state, Forms: forms, Limit: page}
	for {
		jobs, err := o.Store.Jobs(ctx, f)
		if err != nil {
			return n, err
		}
		for i := range jobs {
			if fits(&jobs[i]) {
				n++
			}
		}
		if len(jobs) < page {
			return n, nil
		}
		f.Before = jobs[len(jobs)-1].ID
	}
}
