package intake

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"sealform/forms/record"
	"sealform/internal/token"
	"sealform/internal/web"
	"sealform/templates/public"
)

// toReceipt sends a visitor on to the receipt, so that reloading it posts nothing.
func (in *intake) toReceipt(c echo.Context, s *served, k record.Kept) error {
	address := in.Tokens.NewReceipt(token.Receipt{Form: s.Form.ID, Reference: k.Reference, Received: k.Received})
	c.Response().Header().Set("Location", "/f/"+s.Form.ID+"/sent/"+address)
	c.Response().Header().Set("Content-Type", "text/plain; charset=utf-8")
	c.Response().WriteHeader(http.StatusSeeOther)
	return nil
}

// showReceipt shows what was kept, and nothing at an address that we did not make.
func (in *intake) showReceipt(c echo.Context, s *served) error {
	r, err := in.Tokens.OpenReceipt(c.Param("receipt"))
	if err != nil || r.Form != s.Form.ID {
		return echo.ErrNotFound
	}
	p := public.ReceiptPage{Frame: s.frame, Form: s.Form, Reference: r.Reference, Received: r.Received.In(in.Zone)}
	return web.Show(c.Response(), http.StatusOK, p)
}

// showClosed says that the form takes no answers, and how else to reach the clinic.
func (in *intake) showClosed(c echo.Context, s *served, posted bool) error {
	if posted {
		c.Response().Header().Set("Connection", "close") // what was sent is not read
	}
	p := public.ClosedPage{Frame: s.frame, Form: s.Form, Posted: posted}
	return web.Show(c.Response(), http.StatusServiceUnavailable, p)
}
