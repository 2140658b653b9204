package viewer

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"sealform/internal/staff"
	"sealform/internal/web"
	"sealform/keys"
	"sealform/keys/private"
	pages "sealform/templates/staff"
)

func (h *handlers) getRoot(c echo.Context, _ staff.Staff) error { return see(c, "/inbox") }

// see redirects after a post, or from a short address to the real one.
func see(c echo.Context, to string) error { return c.Redirect(http.StatusSeeOther, to) }

// done redirects after an act, or gives back why it was not done.
func done(c echo.Context, err error, to string) error {
	if err != nil {
		return err
	}
	return see(c, to)
}

// withNext hands on where to go afterwards, if that is not the inbox anyway.
func withNext(to, next string) string {
	if next = safeNext(next); next == "/inbox" {
		return to
	}
	return to + "?next=" + url.QueryEscape(next)
}

func (h *handlers) getSignIn(c echo.Context, _ staff.Staff) error {
	p := pages.SignInPage{Frame: h.strangerFrame(), Next: safeNext(c.QueryParam("next"))}
	if c.QueryParam("out") == "1" {
		p.Notice = "You are signed out, and your key is locked."
	}
	return web.Show(c.Response(), http.StatusOK, p)
}

func (h *handlers) postSignIn(c echo.Context, _ staff.Staff, f *fields) error {
	t := staff.NewAttempt(c.Request(), h.edge.Peers.Addr(c.Request()))
	t.Email = f.text("email")
	p := pages.SignInPage{Frame: h.strangerFrame(), Email: t.Email, Next: safeNext(f.text("next"))}
	if len(f.bytes("password")) > staff.LongestPassword {
		p.Problem = "That password is longer than we take: 1,024 characters at most."
		return web.Show(c.Response(), http.StatusUnprocessableEntity, p)
	}
	t.Password = keys.NewPassword(f.bytes("password"))
	defer t.Password.Wipe()
	token, err := h.desk.Sessions.SignIn(c.Request().Context(), t)
	if err != nil {
		return showProblem(c, err, signInSlowed, func(words string) web.Shown { p.Problem = words; return p })
	}
	if err := h.endBefore(c); err != nil {
		return err
	}
	staff.SetCookie(c.Response(), staff.SessionCookie, token, 0)
	staff.DropCookies(c.Response(), staff.KeyCookie)
	return see(c, withNext("/sign-in/code", p.Next))
}

// showProblem shows a page again with the words for what the person can mend, slowed those for too many failures; any other
// error comes back.
func showProblem(c echo.Context, err error, slowed string, page func(words string) web.Shown) error {
	status := http.StatusUnauthorized
	var words string
	var slow *staff.Slowed
	switch {
	case errors.Is(err, staff.ErrWrong):
		words = "That email and password do not belong together. Check both and try again."
	case errors.Is(err, staff.ErrWrongCode):
		words = "That code is not right, or was used already. Wait for the next one and try again."
	case errors.Is(err, private.ErrWrongPassword):
		words = "That is not this key’s password. Look for capital letters and missing words, and try again."
	case errors.As(err, &slow):
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(slow.Wait/time.Second)+1))
		status, words = http.StatusTooManyRequests, slowed+" Wait "+inWords(slow.Wait)+" and try again."
	default:
		return err
	}
	return web.Show(c.Response(), status, page(words))
}

const signInSlowed = "Too many tries did not fit. Nothing was checked this time."

// inWords rounds a wait up to what a person would say.
func inWords(w time.Duration) string {
	n, unit := int((w+time.Second-1)/time.Second), "second"
	if n > 90 {
		n, unit = (n+59)/60, "minute"
	}
	if unit == "minute" && n > 90 {
		n, unit = (n+59)/60, "hour"
	}
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

func (h *handlers) getCode(c echo.Context, _ staff.Staff) error {
	p := pages.CodePage{Frame: h.strangerFrame(), Next: safeNext(c.QueryParam("next"))}
	return web.Show(c.Response(), http.StatusOK, p)
}

func (h *handlers) postCode(c echo.Context, who staff.Staff, f *fields) error {
	t := staff.NewAttempt(c.Request(), h.edge.Peers.Addr(c.Request()))
	in, err := h.desk.Sessions.Code(c.Request().Context(), who, f.text("code"), t)
	if errors.Is(err, staff.ErrTries) {
		return h.startAgain(c)
	}
	next := safeNext(f.text("next"))
	if err != nil {
		return showProblem(c, err, signInSlowed, func(words string) web.Shown {
			return pages.CodePage{Frame: h.strangerFrame(), Problem: words, Next: next}
		})
	}
	staff.SetCookie(c.Response(), staff.SessionCookie, in.Session, 0)
	staff.SetCookie(c.Response(), staff.DeviceCookie, in.Device, staff.DeviceKeep)
	return see(c, next)
}

// startAgain is the answer to the last wrong code of a sign-in.
func (h *handlers) startAgain(c echo.Context) error {
	staff.DropCookies(c.Response(), staff.SessionCookie)
	return web.Show(c.Response(), http.StatusUnauthorized, pages.SignInPage{
		Frame:   h.strangerFrame(),
		Problem: "Five codes were not right, so please start again. Check that the clock of your phone is right.",
	})
}

// endBefore ends the session that the browser has, whole or half; none is no error.
func (h *handlers) endBefore(c echo.Context) error {
	who, err := h.identify(c, staff.SignedIn)
	switch {
	case errors.Is(err, staff.ErrSignedOut):
		return nil
	case err == nil, errors.Is(err, staff.ErrStage):
		return h.desk.Sessions.SignOut(c.Request().Context(), who)
	}
	return err
}

func (h *handlers) postSignOut(c echo.Context, _ staff.Staff) error {
	if err := h.endBefore(c); err != nil {
		return err
	}
	staff.DropCookies(c.Response(), staff.SessionCookie, staff.KeyCookie)
	c.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return see(c, "/sign-in?out=1")
}
