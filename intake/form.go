package intake

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"sealform/internal/web"
	"sealform/templates/public"
)

// list shows the forms that can be filled in.
func (in *intake) list(c echo.Context) error {
	p := public.ListPage{Frame: in.frame()}
	now := in.Now()
	for _, s := range in.order {
		if _, err := s.readers(now); err == nil {
			p.Forms = append(p.Forms, s.Form)
		}
	}
	return web.Show(c.Response(), http.StatusOK, p)
}

// frame is that of pages which belong to no form: the clinic's, if all forms are one clinic's.
func (in *intake) frame() public.Frame {
	var f public.Frame
	for i, s := range in.order {
		if i == 0 {
			f = s.frame
		}
		if s.frame.Clinic != f.Clinic {
			return public.Frame{}
		}
	}
	return f
}

// showForm shows a form with a new token.
func (in *intake) showForm(c echo.Context, s *served) error {
	if _, err := s.readers(in.Now()); err != nil {
		return in.showClosed(c, s, false)
	}
	p := public.FormPage{Frame: s.frame, Form: s.Form, Uploads: in.desk.uploads(s.Form), Token: in.Tokens.NewPage(s.Form.ID, s.Form.Revision)}
	return web.Show(c.Response(), http.StatusOK, p)
}
