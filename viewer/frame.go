package viewer

import (
	"context"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/internal/text"
	"sealform/templates"
)

// handlers hold a desk and nothing else.
type handlers struct{ desk *desk }

// who finds out who asks; stage 1 has given the password, stage 2 the code too.
func (h handlers) who(c echo.Context, stage int) (staff.Staff, error) {
	r := c.Request()
	return h.desk.Sessions.Identify(r.Context(), r, h.desk.peers.Addr(r), stage)
}

// posted reads who asks, at that stage, and what they posted; it is wiped when do returns.
func (h handlers) posted(c echo.Context, stage int, do func(staff.Staff, *fields) error) error {
	who, err := h.who(c, stage)
	if err != nil {
		return err
	}
	f, err := readFields(c.Response(), c.Request())
	if err != nil {
		return err
	}
	defer f.wipe()
	return do(who, f)
}

// attempt is what a sign-in is counted by.
func (h handlers) attempt(c echo.Context) staff.Attempt {
	return staff.NewAttempt(c.Request(), h.desk.peers.Addr(c.Request()))
}

// door is the frame of a page for somebody who is not signed in.
func (d *desk) door() templates.StaffFrame {
	return templates.StaffFrame{Clinic: d.Name, Sheet: d.brand.address}
}

// room is the frame of a page for a person. The mark of what does not get out is left away when it cannot be found: no
// page shall fail for it.
func (d *desk) room(ctx context.Context, who staff.Staff, here string) templates.StaffFrame {
	f := d.door()
	f.Person, f.Here = who.Email, here
	late, err := d.late(ctx, who)
	if err != nil {
		d.Events.Trouble("deliveries", "count")
	}
	f.Late = late
	if left := d.left(who); left > 0 {
		f.Lock = &templates.StaffLock{Left: left}
	}
	return f
}

// frame is that of an error page: the person's, if there is one.
func (d *desk) frame(c echo.Context) templates.StaffFrame {
	who, err := handlers{d}.who(c, 2)
	if err != nil {
		return d.door()
	}
	return d.room(c.Request().Context(), who, safeNext(c.Request().URL.RequestURI()))
}

// when is a moment as lists show it: the time today, the weekday and date this year, else the date.
func (d *desk) when(t time.Time) templates.StaffTime {
	t, now := t.In(d.Zone), d.Now().In(d.Zone)
	short := t.Format("2 Jan 2006")
	switch {
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		short = t.Format("15:04")
	case t.Year() == now.Year():
		short = t.Format("Mon 2 Jan")
	}
	return templates.StaffTime{At: t, Short: short}
}

// size is a file's size as every other page and record says it.
func size(n int64) string { return text.Size(n) }

var stateNames = map[store.State]templates.StaffState{
	store.New: "new", store.Opened: "open", store.Done: "done", store.Spam: "spam",
}

// people joins names: "Dana, Sam and the recovery kit".
func people(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
