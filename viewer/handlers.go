package viewer

import (
	"context"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/internal/text"
	"sealform/internal/web"
	"sealform/keys"
	"sealform/templates"
	pages "sealform/templates/staff"
)

// handlers read a request, make one call on the desk, and render a page. All that is of HTTP and of pages is theirs.
type handlers struct {
	desk  *desk
	edge  web.Edge
	brand templates.File // the sheet with the clinic's colours
}

func newHandlers(d *desk) (*handlers, error) {
	hosts, err := web.NewHosts(d.Hosts)
	if err != nil {
		return nil, err
	}
	return &handlers{desk: d, brand: templates.BrandSheet("/", d.Accent), edge: web.Edge{
		Program: program, Policy: web.Policy{Scripts: true, NoIndex: true}, Hosts: hosts,
		Peers: web.Peers{Proxies: d.Proxies}, Events: d.Events, WrongName: web.NoSuchName,
	}}, nil
}

// identify finds out who asks. It is called once for each request.
func (h *handlers) identify(c echo.Context, stage int) (staff.Staff, error) {
	r := c.Request()
	return h.desk.Sessions.Identify(r.Context(), r, h.edge.Peers.Addr(r), stage)
}

// strangerFrame is the frame of a page for somebody who is not signed in.
func (h *handlers) strangerFrame() pages.Frame {
	return pages.Frame{Clinic: h.desk.Name, Sheet: h.brand.Address}
}

// personFrame is the frame of a page for a person. Its banner of undelivered messages is left away when they cannot be
// counted: no page shall fail for it.
func (h *handlers) personFrame(ctx context.Context, who staff.Staff, here string) pages.Frame {
	f := h.strangerFrame()
	f.Person, f.Here = who.Email, here
	undelivered, err := h.desk.Undelivered(ctx, who)
	if err != nil {
		h.desk.Events.Trouble("deliveries", "count")
	}
	f.Late = h.banner(undelivered)
	if left := h.desk.left(who); left > 0 {
		f.Lock = &pages.Lock{Left: left}
	}
	return f
}

// banner counts the deliveries that are overdue or given up; nil where none is.
func (h *handlers) banner(u store.Undelivered) *pages.Late {
	if u.Waiting == 0 && u.GivenUp == 0 {
		return nil
	}
	b := &pages.Late{Waiting: u.Waiting, GivenUp: u.GivenUp}
	if !u.Since.IsZero() {
		since := h.moment(u.Since)
		b.Since = &since
	}
	return b
}

// errorFrame is the frame of an error page: the person's, if there is one. who is nil where nobody was asked yet.
func (h *handlers) errorFrame(c echo.Context, who *staff.Staff) pages.Frame {
	if who == nil {
		found, err := h.identify(c, staff.SignedIn)
		if err != nil {
			return h.strangerFrame()
		}
		who = &found
	}
	if who.Stage() != staff.SignedIn {
		return h.strangerFrame()
	}
	return h.personFrame(c.Request().Context(), *who, safeNext(c.Request().URL.RequestURI()))
}

// when is a moment as lists show it: the time today, the weekday and date this year, else the date.
func (h *handlers) when(t time.Time) pages.Time {
	t, now := t.In(h.desk.Zone), h.desk.Now().In(h.desk.Zone)
	short := t.Format("2 Jan 2006")
	switch {
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		short = t.Format("15:04")
	case t.Year() == now.Year():
		short = t.Format("Mon 2 Jan")
	}
	return pages.Time{At: t, Short: short}
}

// before reads where a page of a list begins: its rows are older than that id; 0 is the newest.
func (h *handlers) before(c echo.Context) (int64, error) {
	at := c.QueryParam("before")
	if at == "" {
		return 0, nil
	}
	id, ok := h.desk.pages.OpenID(at)
	if !ok {
		return 0, errNotFound
	}
	return id, nil
}

// listAddress is where a page of a list stands: all of it or what a filter leaves, from the newest or from before on.
func listAddress(path, filter, value, before string) string {
	q := url.Values{}
	if value != "" {
		q.Set(filter, value)
	}
	if before != "" {
		q.Set("before", before)
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

var stateNames = map[store.State]pages.State{
	store.New: "new", store.Opened: "open", store.Done: "done", store.Spam: "spam",
}

// people are the names of readers: "Dana, Sam and the recovery kit".
func people(all []store.LockedKey, readers []keys.Fingerprint) string {
	if len(readers) == 0 {
		return "nobody"
	}
	var names []string
	for _, f := range readers {
		names = append(names, nameOf(all, f))
	}
	return text.List(names, "and")
}
