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

// HasCookie tells whether a request carries a cookie that stands for a person.
func HasCookie(r *http.Request) bool {
	return cookie(r, SessionCookie) != "" || cookie(r, KeyCookie) != ""
}

// cookie is the value of a request's cookie, if it comes once: a second one of the same name is somebody's attempt.
func cookie(r *http.Request, name string) string {
	if all := r.CookiesNamed(name); len(all) == 1 {
		return all[0].Value
	}
	return ""
}

// secret is a cookie that holds 32 bytes; nil for any other.
func secret(r *http.Request, name string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(cookie(r, name))
	if err != nil || len(b) != 32 {
		return nil
	}
	return b
}

// SetCookie gives the browser a cookie; keep 0 is until it closes, and less than 0 takes the cookie back.
func SetCookie(w http.ResponseWriter, name, value string, keep time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(keep / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// DropCookies takes cookies of those names back from the browser.
func DropCookies(w http.ResponseWriter, names ...string) {
	for _, name := range names {
		SetCookie(w, name, "", -time.Second)
	}
}
