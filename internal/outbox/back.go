package outbox

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"sealform/internal/event"
	"sealform/internal/mail"
	"sealform/internal/store"
)

// reach is what attempts tell of the relay as a whole. When it answers again after it was away, or for the first time
// since the start, jobs that failed for its sake need not wait for their hour: ten thousand would else stay for one
// more. A short absence moves nothing, or a message that makes the relay hang up would be sent again and again.
type reach struct {
	mu    sync.Mutex
	known bool
	away  time.Time // since when nothing but absence was seen; zero: it answers
	back  bool      // it came back, which hasten has yet to see
}

// longAway is how long the relay must have been away for its return to matter.
const longAway = 5 * time.Minute

// absent are the codes that say something of the relay and nothing of the message. 454 is the reply of a relay that cannot
// begin TLS (RFC 3207 §4) or check a password (RFC 4954 §6) for the moment.
var absent = []event.Code{
	event.Code(mail.UnknownHost), event.Code(mail.Refused), event.Code(mail.Timeout), event.Code(mail.NoStartTLS), event.Code(mail.BadTLS),
	event.Code(mail.BadCertificate), event.Code(mail.BadPin), event.Code(mail.Auth), event.Code(mail.Cut), event.Code(mail.Protocol), "temporary-421", "temporary-454",
}

// silent are the codes that say nothing of the relay: it was not called, or not to the end.
var silent = []event.Code{event.Code(mail.Address), event.Code(mail.Body), event.Code(mail.Stopped), event.Code(mail.CutAfterData)}

// saw takes the code of an attempt at the relay, and says whether it has just come back.
func (r *reach) saw(code event.Code, now time.Time) (back bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case slices.Contains(silent, code):
		return false
	case slices.Contains(absent, code):
		if r.known = true; r.away.IsZero() {
			r.away = now
		}
		return false
	}
	back = !r.known || !r.away.IsZero() && now.Sub(r.away) >= longAway
	r.known, r.away = true, time.Time{}
	r.back = r.back || back
	return back
}

// cameBack says once that it did.
func (r *reach) cameBack() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	back := r.back
	r.back = false
	return back
}

func (r *reach) missing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.known || !r.away.IsZero()
}

func (o *Outbox) reached(code event.Code) {
	if o.relay.saw(code, o.Now()) {
		wake(o.look)
	}
}

// probe asks for a relay that is away, once a minute, so that its return is seen though every job waits for its hour.
func (o *Outbox) probe(ctx context.Context, now time.Time) {
	if since := now.Sub(o.plans.probed); o.Probe == nil || !o.relay.missing() || since >= 0 && since < planEach {
		return
	}
	o.plans.probed = now
	limited, cancel := context.WithTimeout(ctx, planEach/2)
	defer cancel()
	if err := o.Probe(limited); ctx.Err() == nil {
		o.reached(codeOf(err))
	}
}

// hasten makes due what waits for the sake of the relay alone.
func (o *Outbox) hasten(ctx context.Context, now time.Time) error {
	return o.each(ctx, store.Waiting, nil, func(j *store.Job) error {
		if j.Channel == store.Webhook || !j.Due.After(now) || !slices.Contains(absent, event.Code(j.LastError)) {
			return nil
		}
		err := o.Store.RetryNow(ctx, j.ID)
		o.wakeLanes()
		if errors.Is(err, store.ErrNotFound) {
			return nil // another process was faster
		}
		return err
	})
}

func (o *Outbox) wakeLanes() {
	for _, l := range o.lanes {
		wake(l.nudge)
	}
}
