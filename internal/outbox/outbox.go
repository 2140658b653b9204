// Package outbox sends what waits in the store's queue, for as long as it takes.
//
//	box := outbox.New(outbox.Config{Store: s, Send: relay.Send, From: "forms@clinic.example", Events: log})
//	go box.Run(ctx)  // until ctx ends
//	box.Nudge()      // something new is in the queue
//
// A job is in the queue from the commit that made its submission durable, and leaves it in one way only: the relay
// took the message. Every other end of an attempt, a permanent refusal too, puts it back: after 1, 5, 15, 30 and
// 60 minutes, then hourly, each ±20 % so that a thousand jobs do not come back at once. Nothing is ever dropped.
//
// A job is leased while it is sent, for a minute at a time. If the process dies, the lease ends by itself and the job
// is sent again, with the same Message-ID: delivery is at least once, and a mail program can tell the copies. Several
// processes may work on one queue.
//
// The queue holds ciphertext; this package cannot open it, and reads it chunk by chunk.
package outbox

import (
	"context"
	"sync"
	"time"

	"sealform/forms"
	"sealform/internal/event"
	"sealform/internal/mail"
	"sealform/internal/notice"
	"sealform/internal/store"
	"sealform/internal/webhook"
)

// Config says what to send and how.
type Config struct {
	Store   *store.Store
	Send    func(context.Context, *mail.Message) error                     // Relay.Send; nil: sealed mail waits for a process that has a relay
	Note    func(context.Context, *mail.Note) error                        // Relay.Note; nil: notices, digests, alarms and receipts wait
	Call    func(ctx context.Context, hook string, e *webhook.Event) error // Caller.Call; nil: webhooks wait
	Wants   func(hook string) bool                                         // Caller.Wants: whether the hook gets ciphertext
	Address func(sealed []byte) (string, error)                            // opens the address of a receipt
	From    string                                                         // sender of every message
	Words   notice.Words
	Forms   []Form
	Alarms  []string                                   // addresses that alarms go to
	Ending  func(now time.Time) []Ending               // keys and certificates in use and when they end; nil: none
	Link    func(form string, submission int64) string // into the staff pages, by /go/; submission 0: the inbox
	Zone    *time.Location                             // of quiet hours and digests; nil: UTC
	Keep    time.Duration                              // how long what was sent can be sent again; 0: 30 days
	GiveUp  time.Duration                              // since a job was made; 0: 5 days, which is also the least
	Now     func() time.Time                           // nil: time.Now
	Events  *event.Log                                 // nil: none
	Workers int                                        // messages on their way at once; 0: 4
	Poll    time.Duration                              // how often it looks without a nudge; 0: 5 s
	Lease   time.Duration                              // after it, a dead process's job is due again; 0: 1 min. Renewed during an attempt
	Attempt time.Duration                              // longest time for one attempt; 0: 20 min
	Grace   time.Duration                              // what an attempt under way gets when ctx ends; 0: 10 s
}

// Form is what the outbox has to know of a form.
type Form struct {
	ID      string
	Notify  []forms.Notify
	Receipt string // the clinic's fixed words to visitors
}

// Ending is a key or certificate by the name that the operator gave it.
type Ending struct {
	Name string
	At   time.Time
}

// Outbox is the worker over the queue.
type Outbox struct {
	Config
	nudge   chan struct{}
	watched time.Time
}

// New starts nothing; Run does.
func New(c Config) *Outbox {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Events == nil {
		c.Events = event.Nothing()
	}
	if c.Workers <= 0 {
		c.Workers = 4
	}
	c.Poll = orElse(c.Poll, 5*time.Second)
	c.Lease = orElse(c.Lease, time.Minute)
	c.Attempt = orElse(c.Attempt, 20*time.Minute)
	c.Grace = orElse(c.Grace, 10*time.Second)
	return &Outbox{Config: c, nudge: make(chan struct{}, 1)}
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// Nudge says that there may be something to send. It never blocks.
func (o *Outbox) Nudge() {
	select {
	case o.nudge <- struct{}{}:
	default: // one is pending already
	}
}

// Run sends until ctx ends. Attempts under way then have Grace to finish; what is cut off goes back into the queue.
func (o *Outbox) Run(ctx context.Context) {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var under sync.WaitGroup
	slots := make(chan struct{}, o.Workers)
	for o.slot(ctx, slots) {
		o.watch(ctx)
		lease := o.Now().Add(o.Lease)
		jobs, err := o.Store.Claim(ctx, []store.Channel{store.Mail}, 1, lease)
		if err != nil && ctx.Err() == nil {
			o.Events.Trouble("outbox", "claim")
		}
		if err != nil || len(jobs) == 0 {
			<-slots
			o.rest(ctx)
			continue
		}
		under.Go(func() {
			defer func() { <-slots }()
			o.attempt(sending, jobs[0], lease)
		})
	}
	grace := time.AfterFunc(o.Grace, cut)
	defer grace.Stop()
	under.Wait()
}

// slot waits until fewer than Workers messages are on their way; false: ctx ended.
func (o *Outbox) slot(ctx context.Context, slots chan struct{}) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// rest waits for a nudge, the next look, or the end.
func (o *Outbox) rest(ctx context.Context) {
	timer := time.NewTimer(o.Poll)
	defer timer.Stop()
	select {
	case <-o.nudge:
	case <-timer.C:
	case <-ctx.Done():
	}
}

const (
	tooLong   = time.Hour        // a job older than this is worth a warning
	watchEach = 15 * time.Minute // and so often
)

// watch warns when mail does not get out.
func (o *Outbox) watch(ctx context.Context) {
	now := o.Now()
	if now.Sub(o.watched) < watchEach {
		return
	}
	o.watched = now
	if n, oldest, err := o.Store.Waiting(ctx); err == nil && n > 0 && now.Sub(oldest) > tooLong {
		o.Events.Trouble("outbox", "waiting-over-an-hour")
	}
}
