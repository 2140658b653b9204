package intake

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/internal/event"
	"sealform/internal/text"
	"sealform/internal/token"
	"sealform/internal/web"
	"sealform/templates"
)

// takeForm takes one post of a form: read, check, hand in, and only then say so.
func (in *intake) takeForm(c echo.Context) (err error) {
	began := time.Now()
	s, err := in.find(c)
	if err != nil {
		return err
	}
	if _, err := s.readers(in.now()); err != nil {
		return in.showClosed(c, s, true)
	}
	p, err := in.read(c, s)
	defer func() { err = errors.Join(err, p.close()) }()
	if err != nil {
		return in.refuseBody(c, s, p, err)
	}
	page, questions := in.page(s, p.token)
	if questions == nil {
		in.events.Refused(program, c.Path(), http.StatusConflict, "stale")
		return in.again(c, s, s.Form, p, templates.FormPage{Notice: noticeStale}, http.StatusConflict)
	}
	if p.many {
		in.events.Refused(program, c.Path(), http.StatusUnprocessableEntity, "file_count")
		return in.again(c, s, questions, p, templates.FormPage{Token: p.token, Notice: noticeMany}, http.StatusUnprocessableEntity)
	}
	if p.heavy {
		return in.tooLarge(c, s, questions, p)
	}
	if p.full {
		return in.notKept(c, s, questions, p, record.ErrFull)
	}
	answers, rejected := questions.Check(&p.entry, in.now())
	if rejected != nil {
		in.events.Refused(program, c.Path(), http.StatusUnprocessableEntity, "invalid")
		return in.again(c, s, questions, p, templates.FormPage{Token: p.token, Problems: rejected.Problems}, http.StatusUnprocessableEntity)
	}
	kept, err := in.desk.accept(c.Request().Context(), s, page, answers)
	if err != nil {
		return in.notKept(c, s, questions, p, err)
	}
	in.events.Kept(s.Form.ID, kept.Reference, answers.Files(), time.Since(began))
	return in.toReceipt(c, s, kept)
}

// read takes the body of a post apart.
func (in *intake) read(c echo.Context, s *served) (*post, error) {
	r := c.Request()
	rd := &reader{
		spool: in.spool.Request(in.peers.Addr(r)), files: s.maxFiles,
		totalUpload: s.Form.Limits.TotalUpload, taken: in.desk.uploads(s.Form),
	}
	return rd.read(c.Response(), r)
}

// page gives what a token says and the questions its page showed, nil where the page must be shown anew.
func (in *intake) page(s *served, posted string) (token.Page, *forms.Form) {
	page, err := in.tokens.OpenPage(posted)
	if err != nil || page.Form != s.Form.ID {
		return token.Page{}, nil
	}
	return page, s.revision(page.Revision)
}

const (
	noticeStale = "This page was open for a long time, or the form has changed since. Your answers are still here: please look through them and send again."
	noticeFull  = "We could not keep your answers just now. They are still here, and nothing was sent: please wait a minute and press “Send my answers” again."
	noticeMaybe = "We could not tell whether your answers arrived. They are still here: please press “Send my answers” again. They cannot arrive twice."
	noticeAgain = "You have sent this page and corrected it several times, and each of them has arrived. What you changed now was not sent. It is still here: press “Send my answers” to send all of it as a new form."
	noticeLong  = "Your answers are too long to be sent together, so nothing was sent. Please shorten the longest of them and send again."
	noticeBoth  = "Your answers and files are too large together, so nothing was sent. Please shorten long answers, or choose smaller files, and send again."
	noticeLarge = "Your files are too large together, so nothing was sent. They may come to %s in all: please choose fewer or smaller files and send again."
)

var noticeMany = fmt.Sprintf("You chose more than %d files in all, so nothing was sent. Your answers are still here: please choose fewer files and send again.", fileLimit)

// retryAfter is what we ask of programs, in seconds.
const retryAfter = "60"

// refuseBody answers a body that could not be taken. Where it was a matter of size or room and the page is one of
// ours, it comes back with what was typed.
func (in *intake) refuseBody(c echo.Context, s *served, p *post, err error) error {
	c.Response().Header().Set("Connection", "close") // the rest is not read
	if !errors.Is(err, errTooLarge) || p.uploads == 0 {
		return err
	}
	if _, questions := in.page(s, p.token); questions != nil {
		return in.tooLarge(c, s, questions, p)
	}
	return err
}

// tooLarge shows the page again where files, or else answers, are more than can be sent.
func (in *intake) tooLarge(c echo.Context, s *served, questions *forms.Form, p *post) error {
	notice := noticeLong
	switch {
	case p.heavy:
		notice = fmt.Sprintf(noticeLarge, text.Size(in.desk.uploads(s.Form)))
	case p.uploads > 0:
		notice = noticeBoth
	}
	in.events.Refused(program, c.Path(), http.StatusRequestEntityTooLarge, "too_large")
	return in.again(c, s, questions, p, templates.FormPage{Token: p.token, Notice: notice}, http.StatusRequestEntityTooLarge)
}

// notKept answers when checked answers could not be handed in.
func (in *intake) notKept(c echo.Context, s *served, questions *forms.Form, p *post, err error) error {
	code, notice := event.Code("drop"), noticeMaybe
	switch {
	case errors.Is(err, errClosed):
		return in.showClosed(c, s, true)
	case errors.Is(err, record.ErrTooLargeToMail):
		return in.tooLarge(c, s, questions, p)
	case errors.Is(err, errNotSealed):
		in.events.Closed(s.Form.ID, "not_sealed")
		return in.showClosed(c, s, true)
	case errors.Is(err, errCorrections):
		in.events.Refused(program, c.Path(), http.StatusConflict, "corrections")
		return in.again(c, s, s.Form, p, templates.FormPage{Notice: noticeAgain}, http.StatusConflict) // under a new token
	case errors.Is(err, record.ErrFull):
		code, notice = "full", noticeFull
	case errors.Is(err, record.ErrUnknown):
		code = "unknown"
	case errors.Is(err, context.Canceled):
		code = "visitor_gone"
	}
	id := web.FailureID()
	in.events.Failed(program, c.Path(), id, code)
	c.Response().Header().Set("Retry-After", retryAfter)
	return in.again(c, s, questions, p, templates.FormPage{Token: p.token, Notice: notice, ID: id}, http.StatusServiceUnavailable)
}
