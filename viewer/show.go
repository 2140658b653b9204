package viewer

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/internal/event"
	"sealform/internal/limit"
	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/internal/text"
	"sealform/internal/web"
	"sealform/keys/private"
	"sealform/templates"
	pages "sealform/templates/staff"
)

// failure is an error that is the operator's business alone: people see its id.
type failure struct{ id string }

func (f *failure) Error() string { return "failure " + f.id }

// show turns every error into an answer, for who asked, nil where that was not found out. An answer that has begun can
// only be cut off.
func (h *handlers) show(err error, c echo.Context, who *staff.Staff) {
	if c.Response().Committed {
		h.desk.Events.Failed(program, c.Path(), web.FailureID(), "cut_off")
		panic(http.ErrAbortHandler)
	}
	switch {
	case errors.Is(err, staff.ErrSignedOut):
		h.goOn(c, "/sign-in") // cookies stay: a double click must not take back what the first one was given
	case errors.Is(err, staff.ErrStage) && who.Stage() == staff.PasswordRight:
		h.goOn(c, "/sign-in/code")
	case errors.Is(err, staff.ErrStage):
		h.goOn(c, "/inbox")
	case errors.Is(err, errLocked):
		h.goOn(c, "/unlock")
	default:
		status, page := h.page(err, c, h.errorFrame(c, who))
		if err := web.Show(c.Response(), status, page); err != nil && !c.Response().Committed {
			http.Error(c.Response(), "Something went wrong.", http.StatusInternalServerError)
		}
	}
}

// goOn redirects to where the person must pass first; a page that was asked for is remembered.
func (h *handlers) goOn(c echo.Context, to string) {
	r := c.Request()
	if to != "/inbox" && r.Method == http.MethodGet && ownPath.MatchString(r.URL.RequestURI()) && r.URL.Path != "/inbox" {
		to += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	c.Response().Header().Set("Location", to)
	c.Response().WriteHeader(http.StatusSeeOther)
}

// page finds the words and the status of an error.
func (h *handlers) page(err error, c echo.Context, frame pages.Frame) (int, templates.Page) {
	p := pages.MessagePage{Frame: frame, Link: "/inbox", Label: "Go to the inbox"}
	var un *unopened
	var erased *store.Erased
	switch {
	case errors.As(err, &un):
		return h.unopenedPage(un, c, p)
	case errors.As(err, &erased):
		return http.StatusGone, h.erasedPage(erased, p)
	case errors.Is(err, limit.ErrBusy):
		c.Response().Header().Set("Retry-After", "5")
	case errors.Is(err, errOtherSite):
		p.Link, p.Label = c.Request().URL.RequestURI(), "Open the page"
	case errors.Is(err, echo.ErrNotFound), errors.Is(err, echo.ErrMethodNotAllowed):
		err = errNotFound
	}
	for _, s := range sayings {
		if errors.Is(err, s.err) {
			h.desk.Events.Refused(program, c.Path(), s.status, s.code)
			p.Title, p.Text = s.title, s.text
			if s.status == http.StatusConflict { // of a delivery, all of them
				p.Link, p.Label = "/deliveries/"+c.Param("job"), "Go back to it"
			}
			return s.status, p
		}
	}
	return h.failurePage(err, c, p)
}

// saying is an error in people's words.
type saying struct {
	err    error
	status int
	code   event.Code
	title  string
	text   []string
}

var sayings = []saying{
	{errNotFound, 404, "not_found", "Page not found", []string{"There is nothing here, or nothing that you may see. It may have been erased."}},
	{errNoKey, 403, "no_key", "You hold no key yet", []string{"None of the forms here is sealed to a key of yours, so there is nothing that you could open.", "Ask whoever runs Sealform for you to make a key for your account and add it to a form’s readers."}},
	{errOtherSite, 403, "other_site", "Open this page yourself", []string{"Another site led you here. So that no other site can make submissions open, we show them only when you ask."}},
	{errPrefetch, 403, "prefetch", "Not shown ahead of time", []string{"Your browser asked for this page before you did. Open it yourself to see it."}},
	{errOrigin, 403, "other_origin", "Not done", []string{"This did not come from our own page, so nothing was changed. Go back to the inbox and try again there.", "A script that signs in here must send an “Origin” header that names this address."}},
	{limit.ErrBusy, 503, "busy", "One moment, please", []string{"Many people are signing in just now. Nothing is wrong with your account. Wait a few seconds and try again."}},
	{staff.ErrRecord, 503, "no_record", "Not shown", []string{"Every reading is put on record first, and the record cannot be written just now. Nothing was opened and nothing is lost.", "Tell whoever runs Sealform for you; the disk may be full."}},
	{errSpent, 409, "spent", "Not sent again", []string{notAgain[errSpent], "Nothing was changed."}},
	{errChanged, 409, "changed", "Not sent", []string{anywhere["changed"].Said, anywhere["changed"].Do}},
	{errSoon, 409, "soon", "Not sent again", []string{"Sent a moment ago. Wait two minutes.", "Nothing was changed."}},
	{errOften, 409, "often", "Not sent again", []string{notAgain[errOften], "Nothing was changed."}},
	{errNotGivenUp, 409, "not_given_up", "Not put aside", []string{"Only what was given up can be put aside, and this is not, or not any more. Nothing was changed."}},
	{errBody, 400, "body", "Not understood", []string{"What your browser sent is not a form of ours. Go back and try again."}},
	{errBodyType, 415, "body_type", "Not understood", []string{"What your browser sent is not a form of ours. Go back and try again."}},
	{errBodyLong, 413, "body_long", "Too long", []string{"What you entered is longer than we take here. Go back and try again."}},
}

// failurePage tells people an id, and the log the same.
func (h *handlers) failurePage(err error, c echo.Context, p pages.MessagePage) (int, templates.Page) {
	var known *failure
	if !errors.As(err, &known) {
		known = &failure{web.FailureID()}
		h.desk.Events.Failed(program, c.Path(), known.id, code(err))
	}
	p.Title, p.ID = "Something went wrong", known.id
	p.Text = []string{"This is our fault, not yours, and nothing is lost. Try again in a minute."}
	return http.StatusInternalServerError, p
}

// code is the log's code for an error that has none of its own: its type, which holds no data.
func code(err error) event.Code {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return event.Code(fmt.Sprintf("%T", err))
		}
		err = inner
	}
}

// unopenedPage describes the damage to a submission, as precisely as is known.
func (h *handlers) unopenedPage(u *unopened, c echo.Context, p pages.MessagePage) (int, templates.Page) {
	p.Title = "This submission did not open"
	if u.reference != "" {
		p.Facts = []pages.Fact{{Label: "Reference", Text: u.reference}}
	}
	var differs *record.Mismatch
	switch why := u.why; {
	case errors.Is(why, errNotFound):
		return h.page(errNotFound, c, p.Frame)
	case errors.Is(why, private.ErrWrongKey):
		p.Text = []string{"It is not sealed to the key that you unlocked.", "If you hold another key, lock this one and unlock that. Otherwise ask a colleague who can open it."}
	case errors.Is(why, private.ErrDamaged), errors.Is(why, record.ErrRecord):
		p.Grave, p.Text = true, []string{"It is damaged: part of it was changed or lost after it was sealed. Nothing of it is shown.", tellOperator}
	case errors.Is(why, private.ErrUnsigned):
		p.Grave, p.Text = true, []string{"It does not carry this service’s signature, so it did not come in through your forms. Nothing of it is shown.", tellOperator}
	case errors.As(why, &differs):
		p.Grave, p.Text = true, []string{"It does not match its place in the list: its " + text.List(differs.What, "and") + " " + verb(differs.What) + " another. It may have been moved, swapped or sent in again. Nothing of it is shown.", tellOperator}
	case errors.Is(why, errLeaf):
		p.Grave, p.Text = true, []string{"Its place in the list was changed after it came in: its number, reference, time, form, questions or files are not those that it came with. Nothing of it is shown.", tellOperator}
	case errors.Is(why, private.ErrUnsupported), errors.Is(why, private.ErrTooLarge):
		p.Grave, p.Text = true, []string{"It is sealed in a way that this service does not use, so it did not come in through your forms. Nothing of it is shown.", tellOperator}
	case errors.Is(why, errRevision), errors.Is(why, forms.ErrRevision):
		p.Text = []string{"The questions that it answers are not known here, so its answers cannot be shown beside them.", tellOperator}
	default:
		return h.failurePage(why, c, p)
	}
	h.desk.Events.Refused(program, c.Path(), http.StatusUnprocessableEntity, "unopened")
	return http.StatusUnprocessableEntity, p
}

const tellOperator = "Tell whoever runs Sealform for you, with the reference below. “sealform audit verify” shows what else was touched."

func verb(what []string) string {
	if len(what) == 1 {
		return "is"
	}
	return "are"
}

func (h *handlers) erasedPage(e *store.Erased, p pages.MessagePage) templates.Page {
	p.Title = "Erased"
	p.Text = []string{"This submission was erased. That it came stays on record; its answers do not."}
	if e.Back {
		p.Title, p.Grave = "Erased, and put back", true
		p.Text = []string{"This submission was erased, but somebody has put it back into the database. Nothing of it is shown.", tellOperator}
	}
	p.Facts = []pages.Fact{
		{Label: "Reference", Text: e.Reference},
		{Label: "Erased", Text: e.At.In(h.desk.Zone).Format("2 January 2006, 15:04 MST")},
	}
	return p
}
