package outbox

import (
	"context"
	"strings"
	"time"

	"sealform/internal/mail"
	"sealform/internal/store"
)

// channel says how the jobs of one channel go out.
type channel struct {
	name    store.Channel
	lane    string // the channels of a lane share its slots, and hold up those of no other
	slots   int    // how many jobs of the lane are under way at once; 0: Workers
	relay   bool   // they go to the relay: they wait while it refuses everybody, and show in which state it is
	carried bool   // this process can send them; else they wait for one that can
	send    func(context.Context, *store.Job, mail.Last) error
	expires time.Duration                                   // since a job was made: then it ends, kept by nobody; 0: never
	ends    func(job *store.Job, code mail.Code) (end bool) // whether a failure ends the job at once, kept by nobody; nil: none does
}

// table is a row for each channel. Receipts go to addresses that anybody may type, so they have a lane of their own.
// Whether somebody is told of a job that does not get out is its Awaited.
func (o *Outbox) table() []channel {
	return []channel{
		{name: store.Receipt, lane: "receipts", slots: 1, relay: true, carried: o.Note != nil, send: o.sendReceipt, expires: lastReceipt, ends: refusedForGood},
		{name: store.Mail, lane: "mail", relay: true, carried: o.Send != nil, send: o.sendSealed},
		{name: store.Notice, lane: "mail", relay: true, carried: o.Note != nil, send: o.sendLetter},
		{name: store.Digest, lane: "mail", relay: true, carried: o.Note != nil, send: o.sendLetter},
		{name: store.Alarm, lane: "mail", relay: true, carried: o.Note != nil, send: o.sendLetter},
		{name: store.Webhook, lane: "webhooks", carried: o.Call != nil, send: o.callWebhook, ends: isTest},
	}
}

// lastReceipt is how long a receipt is tried. After that it helps nobody, and the visitor's address goes.
const lastReceipt = 24 * time.Hour

// refusedForGood ends a receipt: no letter is lost with it.
func refusedForGood(_ *store.Job, code mail.Code) bool {
	return code == mail.Address || code == ownAddress || strings.HasPrefix(string(code), "permanent_")
}

func isTest(j *store.Job, _ mail.Code) bool { return j.IsTest() }

// add takes a channel in, and works on it in its lane if this process carries it.
func (o *Outbox) add(c channel) {
	o.channels[c.name] = c
	if !c.carried {
		return
	}
	for _, l := range o.lanes {
		if l.name == c.lane {
			l.channels = append(l.channels, c.name)
			return
		}
	}
	o.lanes = append(o.lanes, newLane(o, c))
}

// expired says whether a job has waited for longer than its channel has it.
func (o *Outbox) expired(j *store.Job, now time.Time) bool {
	expires := o.channels[j.Channel].expires
	return expires > 0 && now.Sub(j.Made) >= expires
}

// ended says whether a job that failed so ends here, kept by nobody.
func (o *Outbox) ended(j *store.Job, code mail.Code, now time.Time) bool {
	ends := o.channels[j.Channel].ends
	return o.expired(j, now) || ends != nil && ends(j, code)
}

// send makes one attempt, by the job's channel. Mail calls last when only its end is missing.
func (o *Outbox) send(ctx context.Context, job *store.Job, last mail.Last) error {
	c, known := o.channels[job.Channel]
	if !known {
		return failed(mail.Body) // of a newer program
	}
	return c.send(ctx, job, last)
}
