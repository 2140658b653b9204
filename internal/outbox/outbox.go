// Package outbox sends what waits in the store's queue, for as long as it takes, and puts there what has to be said.
//
//	box := outbox.New(outbox.Config{Store: s, Events: log, Carriers: outbox.Carriers{Send: relay.Send, Note: relay.Note}, …})
//	go box.Run(ctx)  // until ctx ends
//	box.Nudge()      // something new came
//
// One mechanism carries sealed mail, notices, digests, alarms, receipts and webhooks: a job is one thing to one
// address. Jobs of a submission are in the queue from the commit that made it durable. Notices and digests are derived
// from the number that a form has reached and the number that an address was told (plan.go), so that intake has
// nothing to do for them and none is lost.
//
// Mail leaves the queue in one way only: the relay took it. Every other end of an attempt, a permanent refusal too,
// puts it back: after 1, 5, 15, 30 and 60 minutes, then hourly, each ±20 % so that a thousand jobs do not come back at
// once. When the relay answers again after it was away, those that failed for its sake alone are due at once, and while it
// lets nobody in, only few call (relay.go). After five days and 24 attempts a job is given up: that is alarmed,
// and the job is kept, to be sent again. So is, at once, what somebody changed in the database. Receipts are for a day,
// and end with a refusal: nobody is alarmed of a visitor's mailbox. How each channel goes out is a row of a table (channel.go).
//
// A job is leased while it is sent, for a minute at a time. If the process dies, the lease ends by itself and the job
// is sent again, with the same Message-ID: delivery is at least once, and a mail program can tell the copies. A process
// that lives, and cannot write down what it sent, does not send it again (recorded.go), and sends nothing else. Several
// processes may work on one queue. What goes to the relay and what goes to webhooks run in lanes of their own, so that
// a program that hangs holds up no mail.
//
// The queue holds ciphertext, counts, codes and ids; this package cannot open anything but the address of a receipt.
package outbox

import (
	"cmp"
	"context"
	"sync"
	"time"

	"sealform/internal/event"
	"sealform/internal/mail"
	"sealform/internal/notice"
	"sealform/internal/store"
	"sealform/internal/webhook"
)

// Config has the carriers of messages, their words and addresses, and the limits of time and number.
type Config struct {
	Store  *store.Store
	Events *event.Log       // nil: none
	Now    func() time.Time // nil: time.Now
	Carriers
	Messages
	Limits
}

// Carriers take what goes out; what this process has none for waits for a process that has.
type Carriers struct {
	Send  func(context.Context, *mail.Message) error                     // sealed mail: Relay.Send
	Note  func(context.Context, *mail.Note) error                        // notices, digests, alarms and receipts: Relay.Note
	Call  func(ctx context.Context, hook string, e *webhook.Event) error // webhooks: Caller.Call
	Wants func(hook string) bool                                         // whether the hook gets ciphertext: Caller.Wants
	Probe func(context.Context) error                                    // asks whether the relay is there; nil: only sending tells
}

// Messages are the words and addresses of what is mailed, and the look-ups they need.
type Messages struct {
	From      string // sender of every message
	SeriesKey []byte // names the series of numbers, see mail.Series
	Words     notice.Words
	Forms     []Form
	Alarms    []string                                              // addresses that alarms go to
	Address   func(sealed []byte, submission int64) (string, error) // opens the address of a receipt
	Ending    func(now time.Time) []notice.Ending                   // keys and certificates in use and when they end; nil: none
	Closed    func(now time.Time) []string                          // ids of forms that take nothing now; nil: none. They are counted, not named
	Link      func(form string, submission int64) string            // into the staff pages, by /go/; submission 0: the inbox
	Zone      *time.Location                                        // of quiet hours and digests; nil: UTC
}

// Limits are how many messages, and how long.
type Limits struct {
	Keep    time.Duration // how long what was sent can be sent again; 0: 30 days
	GiveUp  time.Duration // since a job was made; 0: 5 days, which is also the least
	InDoubt int           // messages that a kill can repeat at most; 0: 1
	Workers int           // messages on their way at once; 0: 4
	Poll    time.Duration // between two looks without a nudge; 0: 5 s
	Lease   time.Duration // after it, a dead process's job is due again; 0: 1 min. Renewed during an attempt
	Attempt time.Duration // longest time for one attempt; 0: 20 min
	Grace   time.Duration // what an attempt under way gets when ctx ends; 0: 10 s
}

// Form is what the outbox has to know of a form.
type Form struct {
	ID      string
	Notify  []notice.Notify
	Mails   []string // addresses that it mails; nil: not known, any. Mail to others waits until somebody looks
	Receipt string   // the clinic's fixed words to visitors
}

// Outbox is the worker over the queue.
type Outbox struct {
	Config
	channels map[store.Channel]channel
	lanes    []*lane
	look     chan struct{} // wakes the planner
	relay    *relay
	plans    *plans

	doubts     chan struct{}
	unrecorded *unrecorded
}

// leastGiveUp is RFC 5321 §4.5.4.1's time, before which nothing is given up.
const leastGiveUp = 5 * 24 * time.Hour

// New starts nothing; Run does.
func New(c Config) *Outbox {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Events = cmp.Or(c.Events, event.Nothing())
	c.Workers = cmp.Or(c.Workers, 4)
	c.Zone = cmp.Or(c.Zone, time.UTC)
	if c.Link == nil {
		c.Link = func(string, int64) string { return "" }
	}
	c.Poll = cmp.Or(c.Poll, 5*time.Second)
	c.Lease = cmp.Or(c.Lease, time.Minute)
	c.Attempt = cmp.Or(c.Attempt, 20*time.Minute)
	c.Grace = cmp.Or(c.Grace, 10*time.Second)
	c.Keep = cmp.Or(c.Keep, 30*24*time.Hour)
	c.GiveUp = max(c.GiveUp, leastGiveUp)
	o := &Outbox{
		Config: c, channels: map[store.Channel]channel{}, look: make(chan struct{}, 1), relay: newRelay(c.Probe != nil), plans: &plans{started: c.Now()},
		doubts: make(chan struct{}, cmp.Or(c.InDoubt, 1)), unrecorded: newUnrecorded(),
	}
	for _, row := range o.table() {
		o.add(row)
	}
	return o
}

// Nudge says that there may be something to send. It never blocks.
func (o *Outbox) Nudge() {
	o.wakeLanes()
	wake(o.look)
}

func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // it will look already
	}
}

// Run sends until ctx ends. Attempts under way then have Grace to finish; what is cut off goes back into the queue.
func (o *Outbox) Run(ctx context.Context) {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var under sync.WaitGroup
	for _, l := range o.lanes {
		under.Go(func() { l.run(ctx, sending) })
	}
	under.Go(func() { o.plan(ctx) })
	<-ctx.Done()
	grace := time.AfterFunc(o.Grace, cut)
	defer grace.Stop()
	under.Wait()
}
