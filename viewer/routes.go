package viewer

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"sealform/internal/web"
	"sealform/templates"
)

// program is how the log calls us.
const program = "viewer"

// route is one address and what answers it. reads: it shows what is here, so it is refused to other sites' links and to
// prefetching; what is neither reading nor open to all changes something and is a POST.
type route struct {
	method, path string
	handle       echo.HandlerFunc
	reads        bool
}

// routes is all there is; a test walks it.
func (d *desk) routes() []route {
	h := handlers{d}
	return []route{
		{http.MethodGet, "/", h.getRoot, true},
		{http.MethodGet, "/sign-in", h.getSignIn, false},
		{http.MethodPost, "/sign-in", h.postSignIn, false},
		{http.MethodGet, "/sign-in/code", h.getCode, true},
		{http.MethodPost, "/sign-in/code", h.postCode, false},
		{http.MethodPost, "/sign-out", h.postSignOut, false},
		{http.MethodGet, "/unlock", h.getUnlock, true},
		{http.MethodPost, "/unlock", h.postUnlock, false},
		{http.MethodPost, "/lock", h.postLock, false},
		{http.MethodPost, "/stay", h.postStay, false},
		{http.MethodGet, "/inbox", h.getInbox, true},
		{http.MethodGet, "/s/:sid", h.getSubmission, true},
		{http.MethodGet, "/s/:sid/files/:n", h.getFile, true},
		{http.MethodPost, "/s/:sid/state", h.postState, false},
		{http.MethodGet, "/s/:sid/erase", h.getErase, true},
		{http.MethodPost, "/s/:sid/erase", h.postErase, false},
		{http.MethodGet, "/deliveries", h.getDeliveries, true},
		{http.MethodGet, "/deliveries/:job", h.getDelivery, true},
		{http.MethodPost, "/deliveries/:job/retry", h.postRetry, false},
		{http.MethodPost, "/deliveries/:job/aside", h.postAside, false},
		{http.MethodPost, "/deliveries/webhooks/:name/test", h.postHookTest, false},
		{http.MethodGet, "/go/:id", h.getGo, false},
	}
}

// handler puts the routes together with what goes around every answer.
func (d *desk) handler() (http.Handler, error) {
	hosts, err := web.NewHosts(d.Hosts)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.HTTPErrorHandler = d.show
	e.Use(d.watch)
	for _, r := range d.routes() {
		if r.reads {
			e.Add(r.method, r.path, r.handle, ownSight)
			continue
		}
		e.Add(r.method, r.path, r.handle)
	}
	e.GET("/assets/*", echo.WrapHandler(templates.Assets()))
	e.GET("/brand*", d.getBrand)
	own := hosts.Only(d.overTLS(hosts, d.sameOrigin(e)), http.HandlerFunc(wrongName))
	open := http.NewServeMux()
	open.HandleFunc("GET /livez", alive)
	open.Handle("/", own)
	return web.Headers(web.Policy{Scripts: true}, noIndex(open)), nil
}

// alive answers a health check under any name, and tells a stranger nothing else.
func alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // a checker that went away is nobody's fault
}

func wrongName(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusMisdirectedRequest)
	_, _ = w.Write([]byte("No page is served under this name.\n")) // as above
}

func noIndex(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Robots-Tag", "noindex, nofollow, noarchive")
		next.ServeHTTP(w, r)
	})
}

func (d *desk) overTLS(hosts web.Hosts, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.peers.Secure(r) {
			hosts.RefusePlain(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// watch logs each answer and turns a panic into an error page. An answer already begun is cut off.
func (d *desk) watch(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		start := time.Now()
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { //nolint:errorlint // recover gives the value itself
					panic(http.ErrAbortHandler)
				}
				id := newFailureID()
				d.Events.Panicked(program, c.Path(), id)
				d.show(&failure{id: id}, c)
			}
			d.Events.Request(program, c.Path(), c.Request().Method, c.Response().Status, time.Since(start))
		}()
		if err := next(c); err != nil {
			d.show(err, c)
		}
		return nil
	}
}

func (d *desk) getBrand(c echo.Context) error {
	if d.brand.address == "" || c.Request().URL.Path != d.brand.address {
		return errNotFound
	}
	h := c.Response().Header()
	h.Set("Cache-Control", templates.Forever)
	h.Set("Content-Length", strconv.Itoa(len(d.brand.sheet)))
	return c.Blob(http.StatusOK, "text/css; charset=utf-8", d.brand.sheet)
}
