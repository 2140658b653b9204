package viewer

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"sealform/internal/store"
)

// The cookies. The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis §4.1.3.2).
const (
	sessionCookie = "__Host-session"
	keyCookie     = "__Host-key"    // the browser's half of the unlocked key
	deviceCookie  = "__Host-device" // says that this browser signed in before; opens nothing
)

// cookies are those of a request.
type cookies struct{ r *http.Request }

// any tells whether a request carries one that stands for a person.
func (c cookies) any() bool {
	return c.value(sessionCookie) != "" || c.value(keyCookie) != ""
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
	b, ok := c.bytes(keyCookie)
	if !ok {
		return nil
	}
	return b
}

// newSessionToken draws what goes to the browser and the hash that the store keeps.
func (d *desk) newSessionToken() (token string, hash [32]byte) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b), d.sessionHash(b)
}

// sessionHash is what a token's session is found by. Without the root secret nobody can make one, nor the MAC below: a row
// that somebody else wrote into the database is no session.
func (d *desk) sessionHash(token []byte) [32]byte {
	m := hmac.New(sha256.New, d.Key("viewer-sessions"))
	_, _ = fmt.Fprintf(m, "sealform session token 1\x00%s\x00%s", d.Service, token)
	return [32]byte(m.Sum(nil))
}

// sessionMAC ties a session's row to its person, its stage and its age.
func (d *desk) sessionMAC(s store.Session) []byte {
	m := hmac.New(sha256.New, d.Key("viewer-sessions"))
	_, _ = fmt.Fprintf(m, "sealform session row 1\x00%s\x00%x %d %d %d", d.Service, s.Hash, s.Account, s.Stage, s.Created.UnixMilli())
	return m.Sum(nil)
}

// setCookie gives the browser a cookie; keep 0 is until it closes.
func setCookie(w http.ResponseWriter, name, value string, keep time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(keep / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

func dropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
