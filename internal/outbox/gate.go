package outbox

import (
	"slices"
	"sync"
	"time"

	"sealform/internal/event"
	"sealform/internal/mail"
	"sealform/internal/store"
)

// gate holds jobs back while the relay lets nobody in: with a wrong password, ten thousand messages that wait would sign
// in ten thousand times an hour, and be locked out for it. Then the planner alone asks, after 1, 5 and 15 minutes, and the
// jobs wait for its answer; only one that is new, or that somebody asked for, may still call by itself, now and then.
type gate struct {
	mu     sync.Mutex
	code   event.Code // why it is shut; "": it is open
	since  time.Time
	next   time.Time // when the planner asks again
	asked  int       // how often it did
	calls  int       // by jobs, that are left
	filled time.Time // when one was last added

	due map[int64]time.Time // of each job that was put off: one that is due earlier was asked for
}

// barred are the codes that every message would get.
var barred = []event.Code{
	event.Code(mail.Auth), event.Code(mail.BadPin), event.Code(mail.BadCertificate), event.Code(mail.NoStartTLS), event.Code(mail.BadTLS),
}

// asking are the times between the planner's questions; the last one repeats.
var asking = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}

// mostCalls may be made by jobs while the gate is shut, and one more each minute.
const mostCalls = 10

func newGate() *gate { return &gate{due: map[int64]time.Time{}} }

// saw takes the code of a call. It says for how long the gate was shut that it opens; 0: it does not open.
func (g *gate) saw(code event.Code, now time.Time) (shut time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case slices.Contains(silent, code):
	case slices.Contains(barred, code):
		if g.code == "" {
			g.since, g.next, g.asked, g.calls, g.filled = now, now.Add(asking[0]), 0, mostCalls, now
		}
		g.code = code
	case g.code != "":
		g.code = ""
		return max(now.Sub(g.since), 1)
	}
	return 0
}

// ask says whether the gate is shut, and then whether the planner is to ask now.
func (g *gate) ask(now time.Time) (shut, ask bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.code == "" {
		return false, false
	}
	longest := asking[len(asking)-1]
	if now.Before(g.next) && g.next.Sub(now) <= longest {
		return true, false
	}
	g.asked++
	g.next = now.Add(asking[min(g.asked, len(asking)-1)])
	return true, true
}

// pass is "" for a job that may call, else why it may not, and when to look again.
func (g *gate) pass(job *store.Job, now time.Time) (code event.Code, again time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.code == "" {
		return "", again
	}
	if due, known := g.due[job.ID]; (!known || job.Due.Before(due)) && g.call(now) {
		return "", again
	}
	again = g.next
	if again.Before(now) {
		again = now
	}
	return g.code, again.Add(jitter(time.Minute))
}

// call takes one of the calls that are left.
func (g *gate) call(now time.Time) bool {
	if d := now.Sub(g.filled); d >= time.Minute || d < 0 {
		g.calls, g.filled = min(g.calls+max(int(d/time.Minute), 1), mostCalls), now
	}
	if g.calls == 0 {
		return false
	}
	g.calls--
	return true
}

// off remembers until when a job was put off, as the store keeps it.
func (g *gate) off(job int64, due time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.due[job] = due.Truncate(time.Millisecond)
}

func (g *gate) forget(job int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.due, job)
}

// forgetBefore drops what was due before then: another process has seen to it.
func (g *gate) forgetBefore(then time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for job, due := range g.due {
		if due.Before(then) {
			delete(g.due, job)
		}
	}
}
