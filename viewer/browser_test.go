package viewer

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/net/html"

	"sealform/internal/staff"
)

// totpPeriod is how long a code is shown, in seconds (RFC 6238).
const totpPeriod = 30

// browser is a client with cookies that says where it comes from, as browsers do.
type browser struct {
	h      *clinic
	client *http.Client
	dress  func(*http.Request)
}

func (h *clinic) browser() *browser {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	c := *h.server.Client()
	c.Jar = jar
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{h, &c, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") }}
}

// response is an answer read to its end.
type response struct {
	*http.Response
	body string
}

func (a *response) to() string { return a.Header.Get("Location") }

func (b *browser) do(method, path string, form url.Values) *response {
	b.h.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.h.t.Context(), method, b.h.server.URL+path, body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	b.dress(r)
	res, err := b.client.Do(r)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	return &response{res, string(text)}
}

func (b *browser) get(path string) *response { b.h.t.Helper(); return b.do(http.MethodGet, path, nil) }

func (b *browser) post(path string, pairs ...string) *response {
	b.h.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

// want stops the test when the status is another.
func (b *browser) want(a *response, status int) *response {
	b.h.t.Helper()
	if a.StatusCode != status {
		b.h.t.Fatalf("%s %s: %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	return a
}

// cookie is what the browser holds.
func (b *browser) cookie(name string) string {
	u, err := url.Parse(b.h.server.URL)
	if err != nil {
		b.h.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// hold puts a cookie back into the browser.
func (b *browser) hold(name, value string) {
	u, err := url.Parse(b.h.server.URL)
	if err != nil {
		b.h.t.Fatal(err)
	}
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

// code is what the authenticator shows for the n-th step from now.
func (h *clinic) code(email string, n int) string {
	h.t.Helper()
	code, err := totp.GenerateCode(h.secrets[email], h.clock.now().Add(time.Duration(n)*totpPeriod*time.Second))
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// as signs a person in; the clock moves on, so that the next code is another.
func (h *clinic) as(name string) *browser {
	h.t.Helper()
	b := h.browser()
	b.signIn(name)
	return b
}

func (b *browser) signIn(name string) {
	b.h.t.Helper()
	email := name + "@riverside.example"
	b.want(b.post("/sign-in", "email", email, "password", accountPassword), http.StatusSeeOther)
	b.want(b.post("/sign-in/code", "code", b.h.code(email, 0)), http.StatusSeeOther)
	b.h.clock.pass(totpPeriod * time.Second)
}

// unlock opens a person's key.
func (b *browser) unlock(name string) {
	b.h.t.Helper()
	b.want(b.post("/unlock", "key", string(b.h.locked[name].Fingerprint()), "password", keyPassword), http.StatusSeeOther)
}

// reader is signed in and unlocked.
func (h *clinic) reader(name string) *browser {
	h.t.Helper()
	b := h.as(name)
	b.unlock(name)
	return b
}

// request carries the cookies that the browser would send.
func (b *browser) request() *http.Request {
	r := httptest.NewRequestWithContext(b.h.t.Context(), http.MethodGet, "/", nil)
	for _, name := range []string{staff.SessionCookie, staff.KeyCookie} {
		r.AddCookie(&http.Cookie{Name: name, Value: b.cookie(name)})
	}
	return r
}

// record asks a handler without TLS.
func request(t *testing.T, handler http.Handler, method, path, host, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Host = host
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// words are a page's text with spaces made single.
func words(page string) string {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return ""
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && (n.Parent == nil || n.Parent.Data != "script" && n.Parent.Data != "title") {
			b.WriteString(n.Data + " ")
		}
	}
	return spaces.ReplaceAllString(b.String(), " ")
}

var spaces = regexp.MustCompile(`\s+`)

// anchor is a link of a page.
type anchor struct{ to, text, rel string }

func links(page string) []anchor {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil
	}
	var all []anchor
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "a" {
			continue
		}
		var a anchor
		for _, x := range n.Attr {
			switch x.Key {
			case "href":
				a.to = x.Val
			case "rel":
				a.rel = x.Val
			}
		}
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				a.text += d.Data
			}
		}
		all = append(all, a)
	}
	return all
}
