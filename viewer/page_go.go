package viewer

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"sealform/internal/staff"
	"sealform/internal/web"
	pages "sealform/templates/staff"
)

// getGo is where links in mails lead. Our cookies do not come along when another site, such as a webmail, leads here
// (SameSite=Strict), so the page looks at none, answers everybody alike, and goes on by itself: that step is ours, and
// the cookies come along. It tells nobody whether a submission is there.
func (h *handlers) getGo(c echo.Context, _ staff.Staff) error {
	to := h.desk.paths.onward(c.Param("id"))
	c.Response().Header().Set("Refresh", "0; url="+to)
	return web.Show(c.Response(), http.StatusOK, pages.MessagePage{
		Frame: h.strangerFrame(), Title: "One moment", Text: []string{"We are taking you to the staff pages."},
		Link: to, Label: "Go on",
	})
}
