package viewer

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"sealform/internal/staff"
)

var (
	errOrigin    = errors.New("the request comes from another site, or does not say from where")
	errOtherSite = errors.New("a page that shows submissions was opened from another site")
	errPrefetch  = errors.New("a page that shows submissions was asked for ahead of time")
)

// sameOrigin refuses unsafe methods that another origin sent (Sec-Fetch-Site, else Origin), and those that carry a
// person's cookie but neither header: a browser always sends one of the two, so a program must say "Origin" itself.
func (h *handlers) sameOrigin(next *echo.Echo) http.Handler {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.desk.Events.Refused(program, "", http.StatusForbidden, "other_origin")
		h.show(errOrigin, next.NewContext(r, w), nil)
	})
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(refuse)
	checked := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		silent := r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == ""
		if silent && !safe(r.Method) && staff.HasCookie(r) {
			refuse.ServeHTTP(w, r)
			return
		}
		checked.ServeHTTP(w, r)
	})
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// ownSight refuses to read for others: a browser that only fetches ahead, and a navigation that another site began. The
// latter gets a page with a link to the same address, so that a link in a mail works with one more click.
func ownSight(r *http.Request) error {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Moz"} {
		if v := strings.ToLower(r.Header.Get(name)); strings.Contains(v, "prefetch") || strings.Contains(v, "prerender") {
			return errPrefetch
		}
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return errOtherSite
	}
	return nil
}
