package store

import (
	"time"

	"sealform/forms"
)

// What the rows say that a submission brings along and that have nothing to count.
const (
	aboutNothing  = `{}`
	aboutTooLarge = `{"too_large":true}`
)

// reserve draws the ids of what is to go out because of the submission. One may stay unused: a receipt too many.
func (a *arrival) reserve(b *batch, now time.Time) (err error) {
	n := len(a.sub.Mails) + len(a.sub.Webhooks)
	if a.sub.Receipt != nil {
		n++
	}
	if a.jobIDs = [2]int64{}; n > 0 {
		a.jobIDs[0], err = b.newJobs(n, now)
		a.jobIDs[1] = b.job
	}
	return err
}

// jobs inserts what is to go out because of the submission: mails, calls of webhooks, a receipt.
func (a *arrival) jobs(b *batch, seq int64, now time.Time) error {
	next := a.jobIDs[0]
	all := Job{Form: a.sub.Form, Submission: a.sub.ID, Reference: a.sub.Reference, Seq: seq, Received: a.sub.Received}
	for i, m := range a.sub.Mails {
		j := all
		j.ID = next
		if err := a.mail(b, &j, m, a.mails[i], now); err != nil {
			return err
		}
		next++
	}
	for _, hook := range a.sub.Webhooks {
		j := all
		j.ID, j.Channel, j.To, j.About = next, Webhook, hook, aboutNothing
		if err := a.s.enqueue(b, &j, a.form, now); err != nil {
			return err
		}
		next++
	}
	if a.sub.Receipt == nil {
		return nil
	}
	all.ID, all.Channel, all.Sealed = next, Receipt, a.sub.Receipt.Sealed
	ok, err := b.mayReceive(a.sub.Receipt, now)
	if ok {
		err = a.s.enqueue(b, &all, a.form, now)
	}
	return err
}

// mail inserts a waiting mail or, of one that is too large for the relay, a notice.
func (a *arrival) mail(b *batch, j *Job, m forms.Mail, body *part, now time.Time) (err error) {
	j.To, j.MessageID = m.To, m.MessageID
	if body == nil {
		j.Channel, j.About = Notice, aboutTooLarge
	} else {
		j.Channel, j.Size = Mail, body.size
		j.Upload, j.Chunks, err = body.link(b, now)
	}
	if err == nil {
		err = a.s.enqueue(b, j, a.form, now)
	}
	return err
}

// mostReceipts is how many receipts one address gets in a day, so that nobody can have ours flood a mailbox.
const mostReceipts = 3

// mayReceive counts a receipt, unless its address had as many as it may have. The visitor is not told.
func (b *batch) mayReceive(to *forms.SealedAddress, now time.Time) (bool, error) {
	n, err := b.exec(`
		insert into receipt (mark, n, at) values ($1, 1, $2)
		on conflict (mark) do update set n = receipt.n + 1, at = excluded.at where receipt.n < $3`,
		to.Mark[:], now.UnixMilli(), mostReceipts)
	return n > 0, err
}
