package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestTwoDeliver has two processes share what waits, and kills one at the worst moment: the message that it has in doubt has
// come whole and was not confirmed. The other one goes on; those that the dead one had under way come when their leases end, the
// one in doubt for the second time under the same Message-ID, and nothing else comes twice.
// covers R10
func TestTwoDeliver(t *testing.T) {
	whole(t)
	t.Parallel() // it waits for leases more than it works
	relay := openRelay(t)
	c := newClinicBeside(t, relay.port, relay.ca.file)
	c.configure(c.mailed())
	var to []string
	for i := range 10 {
		to = append(to, fmt.Sprintf("desk%d@%s", i, mailDomain))
	}
	c.form("contact", "  mail: { to: ["+strings.Join(to, ", ")+"] }\n")
	c.serve("--role", "intake", "--role", "viewer")
	for range 20 {
		c.send("contact", words())
	}
	jobs := c.jobs()
	if n := len(relay.all()); len(jobs) != 200 || n != 0 {
		t.Fatalf("%d messages wait and %d came, want 200 and none", len(jobs), n)
	}
	first, second := newGate(0), newGate(80)
	relay.become(fault{taken: func(n int) { first.pass(n); second.pass(n) }})
	one, other := c.deliver(), c.deliver()
	c.until("that both have begun", func() bool { return first.waiting() == 2 })
	first.open()
	c.until("that both hold all they can", func() bool { return second.waiting() == 2 })
	one.kill()
	second.open()
	began := time.Now()
	for time.Since(began) < 90*time.Second && len(sentIn(t, one, other)) < 200 { // a lease is a minute
		time.Sleep(250 * time.Millisecond)
	}
	c.shared(relay, jobs, sentIn(t, one), sentIn(t, other))
	other.stop()
}

// shared counts what came, and who sent it.
func (c *clinic) shared(relay *faultyRelay, jobs []outboxLine, one, other map[string]int) {
	c.t.Helper()
	came, twice := map[string]int{}, 0
	for _, m := range relay.all() {
		came[string(messageID.FindSubmatch(m)[1])]++
	}
	for _, j := range jobs {
		n := came["<"+j.MessageID+">"]
		delete(came, "<"+j.MessageID+">")
		switch {
		case n == 0:
			c.t.Errorf("%s to %s is lost", j.MessageID, j.To)
		case n > 2:
			c.t.Errorf("%s to %s came %d times", j.MessageID, j.To, n)
		case n == 2:
			twice++
		}
	}
	if len(came) != 0 {
		c.t.Errorf("messages came that the outbox does not know: %v", came)
	}
	if twice > 1 {
		c.t.Errorf("%d messages came twice by one kill; a process has one in doubt", twice)
	}
	if len(one) < 10 || len(other) < 10 {
		c.t.Errorf("one process noted %d messages as sent, the other %d: that is not sharing", len(one), len(other))
	}
	for job, n := range other {
		if n+one[job] != 1 {
			c.t.Errorf("job %s was noted as sent %d times", job, n+one[job])
		}
	}
	for _, j := range c.jobs() {
		if j.State != "sent" || j.Attempts != 0 {
			c.t.Errorf("in the end the outbox has %+v", j)
		}
	}
	c.t.Logf("%d and %d were sent, %d came twice", len(one), len(other), twice)
}

// deliver starts a process that only sends.
func (c *clinic) deliver() *demo {
	c.t.Helper()
	return launchAs(c.t, c.dir, []string{program, "serve", "--config", c.path("sealform.yaml"), "--role", "deliver"}, c.env()...)
}

var sentJob = regexp.MustCompile(`msg=mailed job=(-?[0-9]+) attempts=[0-9]+ code=ok`)

// sentIn counts, by job, what processes noted as sent.
func sentIn(t *testing.T, all ...*demo) map[string]int {
	t.Helper()
	sent := map[string]int{}
	for _, d := range all {
		for _, m := range sentJob.FindAllSubmatch(contents(t, d.log), -1) {
			sent[string(m[1])]++
		}
	}
	return sent
}

// gate lets some messages be confirmed, and holds the others until it is opened.
type gate struct {
	most   int
	held   atomic.Int64
	opened chan struct{}
}

func newGate(most int) *gate { return &gate{most: most, opened: make(chan struct{})} }

// pass is called with each message that came, before it is confirmed.
func (g *gate) pass(n int) {
	if n > g.most {
		g.held.Add(1)
		<-g.opened
	}
}

func (g *gate) waiting() int64 { return g.held.Load() }

func (g *gate) open() { close(g.opened) }
