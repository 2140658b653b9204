package store

import (
	"time"

	"sealform/internal/sealedaddress"
)

// aboutNothing and aboutTooLarge are what the rows say that a submission brings along and that have nothing to count.
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
	add := func(j Job) error {
		j.ID, next = next, next+1
		j.Form, j.Submission, j.Reference, j.Seq, j.Received = a.sub.Form, a.sub.ID, a.sub.Reference, seq, a.sub.Received
		return a.s.enqueue(b, &j, a.form, now)
	}
	for i, m := range a.sub.Mails {
		j := Job{Channel: Notice, To: m.To, MessageID: m.MessageID, About: aboutTooLarge}
		if body := a.mails[i]; body != nil {
			upload, chunks, err := body.link(b, now)
			if err != nil {
				return err
			}
			j.Channel, j.About, j.Size, j.Upload, j.Chunks = Mail, "", body.size, upload, chunks
		}
		if err := add(j); err != nil {
			return err
		}
	}
	for _, hook := range a.sub.Webhooks {
		if err := add(Job{Channel: Webhook, To: hook, About: aboutNothing}); err != nil {
			return err
		}
	}
	if a.sub.Receipt == nil {
		return nil
	}
	if ok, err := b.mayReceive(a.sub.Receipt, now); err != nil || !ok {
		return err
	}
	return add(Job{Channel: Receipt, Sealed: a.sub.Receipt.Sealed})
}

// mayReceive counts a receipt, unless as many went out within 24 hours as may, by any of its marks: nobody is to have
// ours flood a mailbox. The visitor is not told. What a clock that was ahead left behind does not count.
func (b *batch) mayReceive(to *sealedaddress.Address, now time.Time) (bool, error) {
	for _, m := range to.Marks {
		var n int
		_, err := b.Get(`select cast(coalesce(sum(n), 0) as bigint) from receipt where mark = $1 and at > $2 and at <= $3`,
			[]any{m.MAC[:], now.Add(-24 * time.Hour).UnixMilli(), now.Add(time.Hour).UnixMilli()}, &n)
		if err != nil || n >= m.Most {
			return false, err
		}
	}
	for _, m := range to.Marks {
		_, err := b.Exec(`
			insert into receipt (mark, at, n) values ($1, $2, 1) on conflict (mark, at) do update set n = receipt.n + 1`,
			m.MAC[:], now.UnixMilli())
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
