package outbox

import (
	"slices"
	"strings"
	"time"

	"sealform/internal/notice"
	"sealform/internal/store"
)

// configured says whether the configuration still has that go to the job's address: what waits for days may go to
// somebody who has left since, and whoever wrote into the database must not choose who gets mail.
func (o *Outbox) configured(job *store.Job, what about) bool {
	if job.Channel == store.Alarm {
		return slices.Contains(o.Alarms, job.To)
	}
	f := o.form(job.Form)
	if f == nil {
		return !o.mailsKnown()
	}
	mailed := f.Mails == nil || slices.Contains(f.Mails, job.To)
	switch {
	case job.Channel == store.Mail:
		return mailed
	case job.Channel == store.Notice && what.TooLarge:
		return mailed || f.notifies(job.To)
	}
	return f.notifies(job.To)
}

func (o *Outbox) form(id string) *Form {
	if i := slices.IndexFunc(o.Forms, func(f Form) bool { return f.ID == id }); i >= 0 {
		return &o.Forms[i]
	}
	return nil
}

// mailsKnown says whether the forms are all there are, with the addresses that they mail.
func (o *Outbox) mailsKnown() bool {
	return slices.ContainsFunc(o.Forms, func(f Form) bool { return f.Mails != nil })
}

func (f *Form) notifies(to string) bool {
	return slices.ContainsFunc(f.Notify, func(n notice.Notify) bool { return n.Email == to })
}

// ours says whether an address is one of this service's own, or goes to the same mailbox by what follows a plus.
func (o *Outbox) ours(address string) bool {
	all := append([]string{o.From}, o.Alarms...)
	for i := range o.Forms {
		all = append(all, o.Forms[i].Mails...)
		for _, n := range o.Forms[i].Notify {
			all = append(all, n.Email)
		}
	}
	return slices.ContainsFunc(all, func(own string) bool { return mailbox(own) == mailbox(address) })
}

func mailbox(address string) string {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

// dayFormat is how a digest names its day.
const dayFormat = "2 January 2006, 15:04"

// plausible says whether the words of a letter are such as this package writes.
func (a about) plausible(c store.Channel) bool {
	if min(a.Count, a.First, a.Last, a.Waiting, a.Dead, int64(a.Days)) < 0 {
		return false
	}
	var err error
	switch {
	case c == store.Digest:
		_, err = time.Parse(dayFormat, a.Day)
	case a.Matter == notice.KeyEnds:
		_, err = time.Parse(time.RFC3339, a.Ends)
	}
	return err == nil
}

// ends says whether a key that an alarm names is still one that can end.
func (o *Outbox) ends(what about) bool {
	if what.Matter != notice.KeyEnds {
		return what.Name == ""
	}
	return o.Ending != nil && slices.ContainsFunc(o.Ending(o.Now()), func(e notice.Ending) bool { return e.Name == what.Name })
}
