package e2e

import (
	"strings"
	"syscall"
	"time"
)

// hangs: the relay stops answering in the middle of four conversations at once, which show as being under way. The program
// ends in time all the same, and what was cut off goes out after the next start. patient waits until it gives up by itself.
func (r *rehearsal) hangs(patient bool) {
	r.t.Helper()
	stages := []string{"greeting", "EHLO", "DATA", "."}
	r.relay.become(fault{turns: stages})
	var all []mailed
	for i, stage := range stages {
		m := r.submit()
		r.until("a connection that hangs at "+stage, func() bool { return r.relay.hanging() == i+1 })
		r.underWay(stage, m.job.Reference)
		m.came = len(r.relay.delivered(m.job.MessageID))
		all = append(all, m)
	}
	if patient {
		r.timeOut(stages[:3], all) // the answer to the final dot has ten minutes
	}
	r.endInTime()
	r.repeatsNothing()
	r.relay.become(fault{})
	r.serve()
	for _, m := range all { // a relay that answers a program that has just started hurries on what waited for its sake
		r.arrives(r.t, m)
	}
	if all[3].came != 1 {
		r.t.Error("what hung after the final dot had not come")
	}
}

// timeOut waits for as long as the program does.
func (r *rehearsal) timeOut(stages []string, all []mailed) {
	r.t.Helper()
	time.Sleep(2*time.Minute + 5*time.Second)
	for i, stage := range stages {
		if job := r.job(all[i].job.Reference); job.State != "waiting" || job.LastError != "timeout" || job.Attempts != 1 {
			r.t.Errorf("two minutes after the relay began to hang at %s the outbox has it as %+v", stage, job)
		}
	}
}

// underWay wants a message shown as being sent, to whoever looks.
func (r *rehearsal) underWay(stage, ref string) {
	r.t.Helper()
	if job := r.job(ref); job.State != "waiting" || job.Attempts != 0 || job.LastError != "" {
		r.t.Errorf("while the relay hangs at %s the outbox has it as %+v", stage, job)
	}
	list := r.staff.get("/deliveries")
	if row := rowOf(list, ref); !strings.Contains(row, "about to be sent") {
		r.t.Errorf("while the relay hangs at %s the list says %q", stage, row)
	}
	if note := pageWords(r.delivery(list, ref), "note"); !strings.Contains(note, "It is on its way.") {
		r.t.Errorf("while the relay hangs at %s the page says %q", stage, note)
	}
}

// endInTime asks the program to end, as a supervisor does that kills after a while.
func (r *rehearsal) endInTime() {
	r.t.Helper()
	began := time.Now()
	r.run.signal(syscall.SIGTERM)
	select {
	case <-r.run.ended:
	case <-time.After(30 * time.Second):
		r.t.Fatal("it did not end within 30 s of SIGTERM")
	}
	if took := time.Since(began); took > 15*time.Second || r.run.err != nil {
		r.t.Errorf("it ended %v after SIGTERM: %v", took, r.run.err)
	}
}
