package viewer

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/internal/web"
	pages "sealform/templates/staff"
)

// jobStates are the tabs, in their order; the first is shown first.
var jobStates = []store.JobState{store.Waiting, store.Dead, store.Sent, store.Aside}

var jobStateNames = map[store.JobState]pages.State{
	store.Waiting: "waiting", store.Dead: "given-up", store.Sent: "sent", store.Aside: "put-aside",
}

// chosenState reads a tab's name; "" is the first.
func chosenState(name string) (store.JobState, bool) {
	for _, s := range jobStates {
		if name == string(jobStateNames[s]) {
			return s, true
		}
	}
	return jobStates[0], name == ""
}

func (h *handlers) getDeliveries(c echo.Context, who staff.Staff) error {
	state, ok := chosenState(c.QueryParam("show"))
	if !ok {
		return errNotFound
	}
	before, err := h.before(c)
	if err != nil {
		return err
	}
	q, err := h.desk.Deliveries(c.Request().Context(), who, state, before)
	if err != nil {
		return err
	}
	p := h.deliveriesPage(q, state, before != 0)
	p.Frame = h.personFrame(c.Request().Context(), who, queueAddress(state, ""))
	return web.Show(c.Response(), http.StatusOK, p)
}

func (h *handlers) deliveriesPage(q *queue, chosen store.JobState, paged bool) pages.DeliveriesPage {
	p := pages.DeliveriesPage{Chosen: jobStateNames[chosen], Kept: q.counts[chosen], Failed: q.counts[store.Dead]}
	for _, s := range jobStates {
		if s == store.Aside && s != chosen && q.counts[s] == 0 {
			continue // few ever need it
		}
		p.Tabs = append(p.Tabs, pages.Tab{
			Title: jobStateNames[s].Label(), Address: queueAddress(s, ""), Count: q.counts[s], Chosen: s == chosen,
		})
	}
	for i := range q.rows {
		p.Rows = append(p.Rows, h.delivery(&q.rows[i]))
	}
	if p.Why = shared(p.Rows); p.Why == nil {
		advise(p.Rows)
	}
	if q.more {
		p.Older = queueAddress(chosen, h.desk.pages.SealID(q.rows[len(q.rows)-1].ID))
	}
	if paged {
		p.Newest = queueAddress(chosen, "")
	}
	for _, name := range h.desk.Webhooks {
		p.Hooks = append(p.Hooks, pages.Hook{Name: name, Action: "/deliveries/webhooks/" + url.PathEscape(name) + "/test"})
	}
	return p
}

// shared takes the reason out of the rows where all of several have the same, to be said once.
func shared(rows []pages.Delivery) *pages.Reason {
	if len(rows) < 2 || rows[0].Why == nil {
		return nil
	}
	why := *rows[0].Why
	for _, r := range rows {
		if r.Why == nil || *r.Why != why {
			return nil
		}
	}
	for i := range rows {
		rows[i].Why = nil
	}
	return &why
}

// advise has what to do said once for each reason, at the newest delivery that has it.
func advise(rows []pages.Delivery) {
	said := map[string]bool{}
	for i, r := range rows {
		if r.Why != nil && !said[r.Why.Do] {
			said[r.Why.Do], rows[i].Do = true, true
		}
	}
}

// queueAddress is where a tab of the deliveries stands.
func queueAddress(s store.JobState, before string) string {
	name := string(jobStateNames[s])
	if s == jobStates[0] {
		name = ""
	}
	return listAddress("/deliveries", "show", name, before)
}

func (h *handlers) postHookTest(c echo.Context, who staff.Staff) error {
	id, err := h.desk.TestHook(c.Request().Context(), who, c.Param("name"))
	if err != nil {
		return err
	}
	return see(c, h.jobAddress(id))
}
