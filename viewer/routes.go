package viewer

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"sealform/internal/staff"
	"sealform/templates"
)

// program is how the log calls us.
const program = "viewer"

// Stages of a route, beside those of package staff.
const anybody = 0

// route is one address and what answers it. reads: it shows what is here, so it is refused to other sites' links and to
// prefetching; what is neither reading nor open to all changes something and is a POST.
type route struct {
	method, path string
	stage        int
	handle       func(echo.Context, staff.Staff) error
	reads        bool
}

// routes is all there is; a test walks it.
func (h *handlers) routes() []route {
	return []route{
		{http.MethodGet, "/", anybody, h.getRoot, true},
		{http.MethodGet, "/sign-in", anybody, h.getSignIn, false},
		{http.MethodPost, "/sign-in", anybody, posted(h.postSignIn), false},
		{http.MethodGet, "/sign-in/code", staff.PasswordRight, h.getCode, true},
		{http.MethodPost, "/sign-in/code", staff.PasswordRight, posted(h.postCode), false},
		{http.MethodPost, "/sign-out", anybody, h.postSignOut, false},
		{http.MethodGet, "/unlock", staff.SignedIn, h.getUnlock, true},
		{http.MethodPost, "/unlock", staff.SignedIn, posted(h.postUnlock), false},
		{http.MethodPost, "/lock", staff.SignedIn, h.postLock, false},
		{http.MethodPost, "/stay", staff.SignedIn, posted(h.postStay), false},
		{http.MethodGet, "/inbox", staff.SignedIn, h.getInbox, true},
		{http.MethodGet, "/s/:sid", staff.SignedIn, h.getSubmission, true},
		{http.MethodGet, "/s/:sid/files/:n", staff.SignedIn, h.getFile, true},
		{http.MethodPost, "/s/:sid/state", staff.SignedIn, posted(h.postState), false},
		{http.MethodGet, "/s/:sid/erase", staff.SignedIn, h.getErase, true},
		{http.MethodPost, "/s/:sid/erase", staff.SignedIn, h.postErase, false},
		{http.MethodGet, "/deliveries", staff.SignedIn, h.getDeliveries, true},
		{http.MethodGet, "/deliveries/:job", staff.SignedIn, h.getDelivery, true},
		{http.MethodPost, "/deliveries/:job/retry", staff.SignedIn, h.postRetry, false},
		{http.MethodPost, "/deliveries/:job/aside", staff.SignedIn, h.postAside, false},
		{http.MethodPost, "/deliveries/webhooks/:name/test", staff.SignedIn, h.postHookTest, false},
		{http.MethodGet, "/go/:id", anybody, h.getGo, false},
	}
}

// posted gives a handler what was posted, which is wiped once it has answered.
func posted(handle func(echo.Context, staff.Staff, *fields) error) func(echo.Context, staff.Staff) error {
	return func(c echo.Context, who staff.Staff) error {
		f, err := readFields(c.Response(), c.Request())
		if err != nil {
			return err
		}
		defer f.wipe()
		return handle(c, who, f)
	}
}

// handler puts the routes together with what goes around every answer.
func (h *handlers) handler() http.Handler {
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) { h.show(err, c, nil) }
	e.Use(named)
	for _, r := range h.routes() {
		e.Add(r.method, r.path, h.answer(r))
	}
	e.GET("/assets/*", echo.WrapHandler(templates.Assets()))
	e.GET("/brand*", h.getBrand)
	h.edge.Failed = func(w http.ResponseWriter, r *http.Request, id string) { h.show(&failure{id}, e.NewContext(r, w), nil) }
	return h.edge.Around(h.sameOrigin(e))
}

// named tells the edge which route serves a request.
func named(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Request().Pattern = c.Path()
		return next(c)
	}
}

// answer is the way of every request: what is refused whoever asks, then who asks, then the handler.
func (h *handlers) answer(r route) echo.HandlerFunc {
	return func(c echo.Context) error {
		if r.reads {
			if err := ownSight(c.Request()); err != nil {
				return err
			}
		}
		if r.stage == anybody {
			return r.handle(c, staff.Staff{})
		}
		who, err := h.identify(c, r.stage)
		if err == nil {
			err = r.handle(c, who)
		}
		if err != nil {
			h.show(err, c, &who)
		}
		return nil
	}
}

func (h *handlers) getBrand(c echo.Context) error {
	if !h.brand.Serve(c.Response(), c.Request()) {
		return errNotFound
	}
	return nil
}
