package intake

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"sealform/forms"
	"sealform/internal/event"
	"sealform/internal/text"
	"sealform/internal/web"
	"sealform/templates/public"
)

// takeForm takes one post of a form: read, decide, show what became of it.
func (in *intake) takeForm(c echo.Context, s *served) (err error) {
	began := time.Now()
	if _, err := s.readers(in.Now()); err != nil {
		return in.showClosed(c, s, true)
	}
	p := in.post(c.Request(), s)
	defer func() { err = errors.Join(err, p.close()) }()
	readErr := p.read(c.Response(), c.Request())
	if readErr != nil {
		c.Response().Header().Set("Connection", "close") // the rest is not read
	}
	o := in.desk.take(c.Request().Context(), s, p, readErr)
	switch o.Result {
	case Accepted:
		in.Events.Kept(s.Form.ID, o.Kept.Reference, o.Files, time.Since(began))
		return in.toReceipt(c, s, o.Kept)
	case Unsealed:
		in.Events.Closed(s.Form.ID, "not_sealed")
		return in.showClosed(c, s, true)
	case Closed:
		return in.showClosed(c, s, true)
	case Unread:
		return o.Err
	default:
		return in.showAgain(c, s, p, o)
	}
}

// post makes the empty post that this request is read into.
func (in *intake) post(r *http.Request, s *served) *post {
	return &post{
		spool: in.Spool.Request(in.edge.Peers.Addr(r)), files: s.maxFiles,
		totalUpload: s.Form.Limits.TotalUpload, taken: in.desk.uploads(s.Form),
		entry: forms.Entry{Pairs: make([]forms.Pair, 0, len(s.Form.Fields)+4)},
	}
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

// retryAfter is the wait that programs are asked for, in seconds.
const retryAfter = "60"

// again says how the page comes back after each outcome that leaves the visitor something to do.
var again = map[Result]struct {
	status int
	code   event.Code // of a refusal; a failure has its own
	notice string
}{
	Stale:       {http.StatusConflict, "stale", noticeStale},
	Corrected:   {http.StatusConflict, "corrections", noticeAgain},
	Invalid:     {http.StatusUnprocessableEntity, "invalid", ""},
	ManyFiles:   {http.StatusUnprocessableEntity, "file_count", noticeMany},
	LargeFiles:  {http.StatusRequestEntityTooLarge, "too_large", noticeLarge},
	LargeBoth:   {http.StatusRequestEntityTooLarge, "too_large", noticeBoth},
	LongAnswers: {http.StatusRequestEntityTooLarge, "too_large", noticeLong},
	Full:        {http.StatusServiceUnavailable, "", noticeFull},
	Unsure:      {http.StatusServiceUnavailable, "", noticeMaybe},
}

// showAgain shows the form with what was typed, and why it was not taken. Questions may be of an older revision; where the page
// can be sent no more, they are today's, under a new token.
func (in *intake) showAgain(c echo.Context, s *served, p *post, o Outcome) error {
	how := again[o.Result]
	page := public.FormPage{
		Frame: s.frame, Form: s.asShown(o.Questions), Entry: &p.entry, Uploads: in.desk.uploads(s.Form),
		Token: p.token, Problems: o.Problems, Notice: how.notice,
	}
	switch o.Result {
	case Stale, Corrected:
		page.Form, page.Token = s.Form, in.Tokens.NewPage(s.Form.ID, s.Form.Revision)
	case LargeFiles:
		page.Notice = fmt.Sprintf(how.notice, text.Size(page.Uploads))
	}
	if o.Code != "" {
		page.ID = web.FailureID()
		in.Events.Failed(program, c.Path(), page.ID, o.Code)
		c.Response().Header().Set("Retry-After", retryAfter)
	} else {
		in.Events.Refused(program, c.Path(), how.status, how.code)
	}
	return web.Show(c.Response(), how.status, page)
}
