package staff

import (
	"encoding/base64"
	"net/http"
	"time"
)

// Names of the cookies. The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis §4.1.3.2).
const (
	SessionCookie = "__Host-session"
	KeyCookie     = "__Host-key"    // the browser's half of the unlocked key
	DeviceCookie  = "__Host-device" // says that this browser signed in before; opens nothing
)

// cookies are those of a request.
type cookies struct{ r *http.Request }

// HasCookie tells whether a request carries a cookie that stands for a person.
func HasCookie(r *http.Request) bool {
	c := cookies{r}
	return c.value(SessionCookie) != "" || c.value(KeyCookie) != ""
}

// value is the cookie's, if it comes once: a second one of the same name is somebody's attempt.
func (c cookies) value(name string) string {
	if all := c.r.CookiesNamed(name); len(all) == 1 {
		return all[0].Value
	}
	return ""
}

func (c cookies) bytes(name string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.DecodeString(c.value(name))
	return b, err == nil && len(b) == 32
}

func (c cookies) half() []byte {
	b, ok := c.bytes(KeyCookie)
	if !ok {
		return nil
	}
	return b
}

// SetCookie gives the browser a cookie; keep 0 is until it closes.
func SetCookie(w http.ResponseWriter, name, value string, keep time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(keep / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// DropCookies takes cookies of those names back from the browser.
func DropCookies(w http.ResponseWriter, names ...string) {
	for _, name := range names {
		http.SetCookie(w, &http.Cookie{
			Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
	}
}
