package outbox

import (
	"context"
	"slices"
	"sync"
	"time"

	"sealform/internal/event"
	"sealform/internal/mail"
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

// longAway is how long the relay must have been away for its return to matter. It is longer than the time from a failure to
// the probe that follows it: else a message that makes the relay hang up, which the probe then finds well, would be hastened
// each time.
const longAway = planEach + planEach/2

// absent are the codes that say something of the relay and nothing of the message. 454 is the reply of a relay that cannot
// begin TLS (RFC 3207 §4) or check a password (RFC 4954 §6) for the moment.
var absent = []event.Code{
	event.Code(mail.UnknownHost), event.Code(mail.Refused), event.Code(mail.Timeout), event.Code(mail.NoStartTLS), event.Code(mail.BadTLS),
	event.Code(mail.BadCertificate), event.Code(mail.BadPin), event.Code(mail.Auth), event.Code(mail.Cut), event.Code(mail.Protocol), "temporary_421", "temporary_454",
}

// silent are the codes that say nothing of the relay: it was not called, or not to the end.
var silent = []event.Code{
	event.Code(mail.Address), event.Code(mail.Body), event.Code(mail.Stopped), event.Code(mail.CutAfterData),
	event.Code(changed), event.Code(notConfigured), event.Code(ownAddress), event.Code(tooLate),
}

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

// again says that it came back, whatever was seen.
func (r *reach) again() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.back = true
}

func (r *reach) missing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.known || !r.away.IsZero()
}

// shortlyShut is how long the gate must have been shut for a job to hurry the others on: some connections may be let in
// and others not. What the planner was told counts at once.
const shortlyShut = time.Minute

// reached takes the code of an attempt, or of a question of the planner's.
func (o *Outbox) reached(code event.Code, asked bool) {
	now := o.Now()
	back := o.relay.saw(code, now)
	if o.Probe != nil {
		shut := o.gate.saw(code, now)
		if shut > 0 && (asked || shut >= shortlyShut) && !slices.Contains(absent, code) {
			o.relay.again()
			back = true
		}
	}
	if back {
		wake(o.look)
	}
}

// steady is how often a relay is asked that is there: how much it takes may change.
const steady = 15 * time.Minute

// probe asks for a relay that is away, once a minute, so that its return is seen though every job waits for its hour; for
// one that lets nobody in, as the gate says.
func (o *Outbox) probe(ctx context.Context, now time.Time) {
	if o.Probe == nil || !o.toAsk(now) {
		return
	}
	o.plans.probed = now
	limited, cancel := context.WithTimeout(ctx, planEach/2)
	defer cancel()
	if err := o.Probe(limited); ctx.Err() == nil {
		o.reached(codeOf(err), true)
	}
}

func (o *Outbox) toAsk(now time.Time) bool {
	if shut, ask := o.gate.ask(now); shut {
		return ask
	}
	each := steady
	if o.relay.missing() {
		each = planEach
	}
	since := now.Sub(o.plans.probed)
	return since < 0 || since >= each
}

// hasten makes due what waits for the sake of the relay alone.
func (o *Outbox) hasten(ctx context.Context) error {
	codes := make([]string, 0, len(absent))
	for _, code := range absent {
		codes = append(codes, string(code))
	}
	n, err := o.Store.RetryFailed(ctx, codes)
	if n > 0 {
		o.wakeLanes()
	}
	return err
}

func (o *Outbox) wakeLanes() {
	for _, l := range o.lanes {
		wake(l.nudge)
	}
}
