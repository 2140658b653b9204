package intake

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"sealform/internal/body"
	"sealform/internal/event"
	"sealform/internal/spool"
	"sealform/internal/web"
	"sealform/templates/public"
)

// refusals says which status and code an error has. What is not here is a 500.
var refusals = []struct {
	err    error
	status int
	code   event.Code
}{
	{body.ErrTooLarge, http.StatusRequestEntityTooLarge, "too_large"},
	{body.ErrMalformed, http.StatusBadRequest, "malformed"},
	{body.ErrType, http.StatusUnsupportedMediaType, "wrong_type"},
	{body.ErrSlow, http.StatusRequestTimeout, "slow"},
	{body.ErrSpool, http.StatusServiceUnavailable, "spool"},
	{spool.ErrFull, http.StatusServiceUnavailable, "spool_full"},
	{echo.ErrNotFound, http.StatusNotFound, "not_found"},
	{echo.ErrMethodNotAllowed, http.StatusMethodNotAllowed, "method"},
}

// words are the titles and sentences of each status.
var words = map[int][]string{
	http.StatusNotFound:              {"There is no page here", "Check the address, or start again from the link you were given."},
	http.StatusMethodNotAllowed:      {"This address only shows a page", "Nothing was sent. Please open the form and fill it in there."},
	http.StatusRequestEntityTooLarge: {"That was too much at once", "Nothing was sent. Please shorten long answers, or choose fewer or smaller files."},
	http.StatusBadRequest:            {"We could not read what was sent", "Nothing was kept. Please open the form again and send it once more."},
	http.StatusUnsupportedMediaType:  {"We could not read what was sent", "Nothing was kept. Please use the form on our page."},
	http.StatusRequestTimeout:        {"The connection was too slow", "Nothing was kept. Please try again where the connection is better, or leave out large files."},
	http.StatusMisdirectedRequest:    {"There is no page under this name", "Check the address, or start again from the link you were given."},
	http.StatusServiceUnavailable:    {"Please try again in a minute", "We could not take your answers just now, and nothing was kept."},
}

// showError is the one place where an error becomes an answer. What an error says goes nowhere: it could quote a visitor.
func (in *intake) showError(err error, c echo.Context) {
	if c.Response().Committed {
		in.Events.Trouble("answer", "late")
		return
	}
	for _, r := range refusals {
		if !errors.Is(err, r.err) {
			continue
		}
		in.Events.Refused(program, c.Path(), r.status, r.code)
		if r.status == http.StatusServiceUnavailable {
			c.Response().Header().Set("Retry-After", retryAfter)
		}
		in.show(c.Response(), r.status, message(in.forms[c.Param("form")], r.status))
		return
	}
	id := web.FailureID()
	in.Events.Failed(program, c.Path(), id, "internal")
	in.showFailed(c.Response(), c.Request(), id)
}

// message is the page of a status, in the frame of s where there is one.
func message(s *served, status int) public.MessagePage {
	w := words[status]
	p := public.MessagePage{Title: w[0], Text: w[1:]}
	if s != nil {
		p.Frame = s.frame
		p.Link, p.Label = "/f/"+s.Form.ID, "Open the form"
		if s.Form.Contact != "" {
			p.Text = append(p.Text[:len(p.Text):len(p.Text)], s.Form.Contact)
		}
	}
	return p
}

// failed is the page of what should not happen.
func (in *intake) failed(id string) public.MessagePage {
	return public.MessagePage{
		Frame: in.frame(), Title: "Something went wrong on our side", ID: id,
		Text: []string{"We cannot say whether your answers arrived. If you see no reference number, please try again in a few minutes."},
	}
}
