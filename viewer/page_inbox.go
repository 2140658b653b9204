package viewer

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/internal/text"
	"sealform/internal/web"
	pages "sealform/templates/staff"
)

func (h *handlers) getInbox(c echo.Context, who staff.Staff) error {
	form := c.QueryParam("form")
	before, err := h.before(c)
	if err != nil {
		return err
	}
	l, err := h.desk.Inbox(c.Request().Context(), who, form, before)
	if err != nil {
		return err
	}
	return web.Show(c.Response(), http.StatusOK, h.inboxPage(h.personFrame(c.Request().Context(), who, listAddress("/inbox", "form", form, "")), l, form, before != 0))
}

func (h *handlers) inboxPage(frame pages.Frame, l *listing, form string, paged bool) pages.InboxPage {
	p := pages.InboxPage{Frame: frame, Forms: form == "" && len(l.forms) > 1}
	p.Tabs = append(p.Tabs, pages.Tab{Title: "All", Address: "/inbox", Chosen: form == ""})
	titles := map[string]string{}
	for _, f := range l.forms {
		id, counts := f.Form.ID, l.counts[f.Form.ID]
		titles[id] = f.Form.Title
		p.Tabs = append(p.Tabs, pages.Tab{Title: f.Form.Title, Address: listAddress("/inbox", "form", id, ""), Count: counts[store.New], Chosen: form == id})
		p.Tabs[0].Count += counts[store.New]
		if form != "" && form != id {
			continue
		}
		for _, n := range counts {
			p.Kept += n
		}
		p.Sealed = append(p.Sealed, pages.Sealed{Form: f.Form.Title, Who: people(l.all, f.Readers)})
	}
	p.Form = titles[form]
	if len(l.forms) == 1 {
		p.Tabs = nil
	}
	for _, r := range l.rows {
		p.Rows = append(p.Rows, pages.Row{
			Address: h.desk.paths.submission(r.Form, r.ID), Reference: r.Reference, Form: titles[r.Form], State: stateNames[r.State],
			Received: h.when(r.Received), Files: r.Files, Size: text.Size(r.Size),
		})
	}
	if l.more {
		p.Older = listAddress("/inbox", "form", form, h.desk.pages.SealID(l.rows[len(l.rows)-1].ID))
	}
	if paged {
		p.Newest = listAddress("/inbox", "form", form, "")
	}
	return p
}
