package outbox

import (
	"context"
	"fmt"
	"time"

	"sealform/internal/notice"
	"sealform/internal/store"
)

// coalesced is the least time between two notices to one address about one form: what comes meanwhile is counted in
// the second.
const coalesced = 10 * time.Minute

// announce enqueues the notices and digests of one form that are due. An address that was never told is told of all that
// came so far.
func (o *Outbox) announce(ctx context.Context, f *Form, now time.Time) error {
	if len(f.Notify) == 0 {
		return nil
	}
	last, id, err := o.Store.LastNumber(ctx, f.ID)
	if err != nil {
		return err
	}
	for _, n := range f.Notify {
		if n.Digest != nil {
			err = o.digest(ctx, f.ID, n, last, now)
		} else if inside(n.When, now.In(o.Zone)) {
			err = o.notify(ctx, store.Job{Channel: store.Notice, Form: f.ID, To: n.Email, Received: now}, last, id)
		}
		if err != nil {
			return fmt.Errorf("telling that something came: %w", err)
		}
	}
	return nil
}

// notify says that numbers up to last came, the last one for the submission id. Whatever holds it back, a window or the
// notice before, the next look finds the numbers as they are then.
func (o *Outbox) notify(ctx context.Context, job store.Job, last, id int64) error {
	announced, at, err := o.Store.Announced(ctx, job.Channel, job.Form, job.To)
	if err != nil {
		return err
	}
	if since := job.Received.Sub(at); announced >= last || since >= 0 && since < coalesced {
		return nil
	}
	count := last - announced
	job.About = about{Count: count}.json()
	if count == 1 {
		job.Submission = id
	}
	return o.enqueue(ctx, job, last)
}

// enqueue adds a job that announces up to mark, unless another process did.
func (o *Outbox) enqueue(ctx context.Context, job store.Job, mark int64) error {
	_, err := o.Store.EnqueueUpTo(ctx, job, mark)
	o.wakeLanes()
	return err
}

// inside says whether a notice may go out at that local time. It looks at what clocks on the wall show, so that a
// change of summer time moves nothing.
func inside(w notice.Window, local time.Time) bool {
	if w.Days != [7]bool{} && !w.Days[local.Weekday()] {
		return false
	}
	at := notice.Minute(local.Hour()*60 + local.Minute())
	return w.From == 0 && w.To == 0 || at >= w.From && at < w.To
}

// A digest's mark is the day and the number that it tells: days of 2^40 numbers. It grows once a day whether or not
// anything came, so that no day has two digests, whoever writes them, and none is left out.
const numberBits = 40

func digestMark(day, number int64) int64 { return day<<numberBits | number }

func readMark(mark int64) (day, number int64) { return mark >> numberBits, mark & (1<<numberBits - 1) }

// digest says which numbers came since the last one, once a day, also when none did: silence would look like a digest
// that was lost. An address that had none yet gets its first at the next hour set, not when the service starts.
func (o *Outbox) digest(ctx context.Context, form string, n notice.Notify, last int64, now time.Time) error {
	due, day := latest(now.In(o.Zone), *n.Digest)
	mark, _, err := o.Store.Announced(ctx, store.Digest, form, n.Email)
	if err != nil {
		return err
	}
	done, number := readMark(mark)
	if done > day+1 { // a clock was ahead: another zone makes a day, and no more
		if err := o.Store.ResetAnnounced(ctx, store.Digest, form, n.Email, digestMark(day-1, number)); err != nil {
			return err
		}
		done = day - 1
	}
	if done >= day || mark == 0 && !due.After(o.plans.started) {
		return nil
	}
	what := about{Day: due.Format(dayFormat)}
	if last > number {
		what.First, what.Last = number+1, last
	}
	mails := func(j *store.Job) bool { return j.Channel == store.Mail }
	if what.Waiting, err = o.count(ctx, store.Waiting, []string{form}, mails); err != nil {
		return err
	}
	if what.Dead, err = o.count(ctx, store.Dead, []string{form}, mails); err != nil {
		return err
	}
	job := store.Job{Channel: store.Digest, Form: form, To: n.Email, Received: now, About: what.json()}
	return o.enqueue(ctx, job, digestMark(day, max(last, number)))
}

// latest is when a daily hour was last reached, and the day that it belongs to, counted from 1970. An hour that summer
// time skips is taken an hour off; one that it repeats counts once.
func latest(local time.Time, at notice.Minute) (due time.Time, day int64) {
	y, m, d := local.Date()
	due = time.Date(y, m, d, 0, int(at), 0, 0, local.Location())
	if due.After(local) {
		d--
		due = time.Date(y, m, d, 0, int(at), 0, 0, local.Location())
	}
	return due, time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
}
