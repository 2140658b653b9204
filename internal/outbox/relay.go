package outbox

import (
	"context"
	"sync"
	"time"

	"sealform/internal/mail"
	"sealform/internal/store"
)

// relayState is a state of the relay as a whole.
type relayState int

const (
	away     relayState = iota // it does not answer, or nobody has asked yet
	up                         // it takes messages, or refuses single ones
	refusing                   // it answers, and lets nobody in
	same                       // of a code: it says nothing of the relay
)

// transitions say where the code of an attempt leads, whatever the state was; one that is not here leads to up. 454 is the
// reply of a relay that cannot begin TLS (RFC 3207 §4) or check a password (RFC 4954 §6) for the moment.
var transitions = map[mail.Code]relayState{
	mail.UnknownHost: away, mail.Refused: away, mail.Timeout: away, mail.Cut: away, mail.Protocol: away,
	"temporary_421": away, "temporary_454": away,

	mail.Auth: refusing, mail.BadPin: refusing, mail.BadCertificate: refusing, mail.NoStartTLS: refusing, mail.BadTLS: refusing,

	mail.Address: same, mail.Body: same, mail.Stopped: same, mail.CutAfterData: same,
	changed: same, notConfigured: same, ownAddress: same, tooLate: same,
}

const (
	// longAway is how long the relay must have been away for its return to matter: a short absence makes nothing due, or a
	// message that makes the relay hang up would be sent again and again. It is longer than the time from a failure to the
	// probe that follows it, and finds the relay well.
	longAway = planEach + planEach/2
	// longRefusing is how long the relay must have refused for a job's success to matter: some connections may be let in and
	// others not. What the planner was told counts at once.
	longRefusing = time.Minute
	// steady is how often a relay is asked that is there: how much it takes may change.
	steady = 15 * time.Minute
	// mostCalls may be made by jobs while the relay refuses, and one more each minute.
	mostCalls = 10
)

// asking are the times between the planner's questions while the relay refuses; the last one repeats.
var asking = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}

// relay is the state of the relay, as attempts and the planner's questions show it. When it takes messages again, jobs that
// failed for its sake need not wait for their hour: ten thousand would else stay for one more. While it refuses, with a
// wrong password, ten thousand would sign in ten thousand times an hour, and be locked out for it: then the planner alone
// asks, and the jobs wait for its answer. Only one that is new, or that somebody asked for, may call by itself, now and then.
type relay struct {
	asked bool // whether the planner can ask; else nobody would find out that it lets us in, and refusing counts as away

	mu       sync.Mutex
	state    relayState
	since    time.Time // when it was up last; zero: nobody knows
	returned bool      // it came back, and the planner has not retried yet what waits for it

	code      mail.Code // why it refuses
	began     time.Time // when it began to refuse
	next      time.Time // when the planner asks again
	questions int       // how often it asked
	calls     int       // by jobs, that are left
	filled    time.Time // when one was last added

	due map[int64]time.Time // of each job that waits for later: one that is due earlier was asked for
}

func newRelay(asked bool) *relay { return &relay{asked: asked, due: map[int64]time.Time{}} }

// saw takes the code of an attempt, or of the planner's question, and says whether the relay has just come back.
func (r *relay) saw(code mail.Code, now time.Time, question bool) (back bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	to, named := transitions[code]
	switch {
	case to == same:
		return false
	case !named:
		to = up
	case to == refusing && !r.asked:
		to = away
	}
	from := r.state
	r.state = to
	switch {
	case to == up:
		back = from != up && now.Sub(r.since) >= longAway || from == refusing && (question || now.Sub(r.began) >= longRefusing)
		r.returned = r.returned || back
	case from == up, r.since.IsZero():
		r.since = now
	}
	if to == refusing {
		if r.code = code; from != refusing {
			r.began, r.next, r.questions, r.calls, r.filled = now, now.Add(asking[0]), 0, mostCalls, now
		}
	}
	return back
}

// cameBack says once that it did.
func (r *relay) cameBack() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	back := r.returned
	r.returned = false
	return back
}

// toAsk says whether the planner, which asked at that time, is to ask now: once a minute while the relay is away, so that
// its return is seen though every job waits for its hour.
func (r *relay) toAsk(last, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	since := now.Sub(last)
	switch r.state {
	case refusing:
		if now.Before(r.next) && r.next.Sub(now) <= asking[len(asking)-1] {
			return false
		}
		r.questions++
		r.next = now.Add(asking[min(r.questions, len(asking)-1)])
		return true
	case up:
		return since < 0 || since >= steady
	}
	return since < 0 || since >= planEach
}

// pass is "" for a job that may call, else why it may not, and when to look again.
func (r *relay) pass(job *store.Job, now time.Time) (code mail.Code, again time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state != refusing {
		return "", again
	}
	if due, known := r.due[job.ID]; (!known || job.Due.Before(due)) && r.call(now) {
		return "", again
	}
	again = r.next
	if again.Before(now) {
		again = now
	}
	return r.code, again.Add(jitter(time.Minute))
}

// call takes one of the calls that are left.
func (r *relay) call(now time.Time) bool {
	if d := now.Sub(r.filled); d >= time.Minute || d < 0 {
		r.calls, r.filled = min(r.calls+max(int(d/time.Minute), 1), mostCalls), now
	}
	if r.calls == 0 {
		return false
	}
	r.calls--
	return true
}

// postponed remembers until when a job waits, as the store keeps it.
func (r *relay) postponed(job int64, due time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due[job] = due.Truncate(time.Millisecond)
}

func (r *relay) forget(job int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.due, job)
}

// forgetBefore drops what was due before then: another process has seen to it.
func (r *relay) forgetBefore(then time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for job, due := range r.due {
		if due.Before(then) {
			delete(r.due, job)
		}
	}
}

// reached tells the relay's state the code of an attempt, or of the planner's question.
func (o *Outbox) reached(code mail.Code, question bool) {
	if o.relay.saw(code, o.Now(), question) {
		wake(o.look)
	}
}

// probe asks for the relay, where it is time to.
func (o *Outbox) probe(ctx context.Context, now time.Time) {
	if o.Probe == nil || !o.relay.toAsk(o.plans.probed, now) {
		return
	}
	o.plans.probed = now
	limited, cancel := context.WithTimeout(ctx, planEach/2)
	defer cancel()
	if err := o.Probe(limited); ctx.Err() == nil {
		o.reached(codeOf(err), true)
	}
}

// retryFailed makes due what waits for the sake of the relay alone.
func (o *Outbox) retryFailed(ctx context.Context) error {
	var codes []string
	for code, to := range transitions {
		if to != same {
			codes = append(codes, string(code))
		}
	}
	n, err := o.Store.RetryFailed(ctx, codes)
	if n > 0 {
		o.wakeLanes()
	}
	return err
}
