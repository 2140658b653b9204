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

// refusal is how an error is answered: the status, the code in the log, and the page.
type refusal struct {
	err         error
	status      int
	code        event.Code
	title, text string
}

// refusals are the answers to errors that a visitor can do something about. An error that is not here is a 500.
var refusals = []refusal{
	{body.ErrTooLarge, http.StatusRequestEntityTooLarge, "too_large", "That was too much at once", "Nothing was sent. Please shorten long answers, or choose fewer or smaller files."},
	{body.ErrMalformed, http.StatusBadRequest, "malformed", "We could not read what was sent", "Nothing was kept. Please open the form again and send it once more."},
	{body.ErrType, http.StatusUnsupportedMediaType, "wrong_type", "We could not read what was sent", "Nothing was kept. Please use the form on our page."},
	{body.ErrSlow, http.StatusRequestTimeout, "slow", "The connection was too slow", "Nothing was kept. Please try again where the connection is better, or leave out large files."},
	{body.ErrSpool, http.StatusServiceUnavailable, "spool", busy, busyText},
	{spool.ErrFull, http.StatusServiceUnavailable, "spool_full", busy, busyText},
	{echo.ErrNotFound, http.StatusNotFound, "not_found", "There is no page here", startAgain},
	{echo.ErrMethodNotAllowed, http.StatusMethodNotAllowed, "method", "This address only shows a page", "Nothing was sent. Please open the form and fill it in there."},
}

const (
	startAgain = "Check the address, or start again from the link you were given."
	busy       = "Please try again in a minute"
	busyText   = "We could not take your answers just now, and nothing was kept."
)

// wrongHost refuses a request under a name that is not ours.
var wrongHost = refusal{
	status: http.StatusMisdirectedRequest, code: "host", title: "There is no page under this name", text: startAgain,
}

// showError is the one place where an error becomes an answer. What an error says goes nowhere: it could quote a visitor.
func (in *intake) showError(err error, c echo.Context) {
	if c.Response().Committed {
		in.Events.Trouble("answer", "late")
		return
	}
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			if r.status == http.StatusServiceUnavailable {
				c.Response().Header().Set("Retry-After", retryAfter)
			}
			in.refuse(c.Response(), c.Path(), r, in.forms[c.Param("form")])
			return
		}
	}
	id := web.FailureID()
	in.Events.Failed(program, c.Path(), id, "internal")
	in.showFailed(c.Response(), c.Request(), id)
}

// refuse shows a refusal, in the frame of s where there is one.
func (in *intake) refuse(w http.ResponseWriter, path string, r refusal, s *served) {
	in.Events.Refused(program, path, r.status, r.code)
	p := public.MessagePage{Title: r.title, Text: []string{r.text}}
	if s != nil {
		p.Frame = s.frame
		p.Link, p.Label = "/f/"+s.Form.ID, "Open the form"
		if s.Form.Contact != "" {
			p.Text = append(p.Text, s.Form.Contact)
		}
	}
	in.show(w, r.status, p)
}

// failed is the page of what should not happen.
func (in *intake) failed(id string) public.MessagePage {
	return public.MessagePage{
		Frame: in.frame(), Title: "Something went wrong on our side", ID: id,
		Text: []string{"We cannot say whether your answers arrived. If you see no reference number, please try again in a few minutes."},
	}
}
