package e2e

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/net/html"
)

// colleague is a staff member with a plain HTTP client instead of a browser.
type colleague struct {
	v *visitor
}

// signIn gives a colleague who is signed in and has unlocked. A code works once, so a test signs in once.
func (d *demo) signIn() *colleague {
	d.t.Helper()
	c := d.signInLocked()
	key := url.Values{"password": {d.Key.Password}}
	for _, in := range inputs(c.get("/unlock")) {
		if in.name == "key" {
			key.Set("key", in.value)
		}
	}
	c.post("/unlock", key)
	return c
}

// signInLocked gives one who can look at everything but answers.
func (d *demo) signInLocked() *colleague {
	d.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	c := &colleague{d.visitor()}
	c.v.client.Jar = jar
	c.v.client.Transport.(*http.Transport).DialContext = dialHere
	c.v.dress = func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", d.Viewer)
	}
	c.post("/sign-in", url.Values{"email": {d.Account.Email}, "password": {d.Account.Password}})
	c.post("/sign-in/code", url.Values{"code": {d.code(time.Now())}})
	return c
}

// dialHere calls this machine by whatever name: those below localhost are it (RFC 6761 §6.3), though resolvers may not know.
func dialHere(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}

// code is what an authenticator would show.
func (d *demo) code(at time.Time) string {
	d.t.Helper()
	code, err := totp.GenerateCode(d.Account.TOTPSecret, at)
	if err != nil {
		d.t.Fatal(err)
	}
	return code
}

// post wants a redirect, the answer to everything that worked.
func (c *colleague) post(path string, form url.Values) {
	c.v.d.t.Helper()
	a, err := c.v.do(http.MethodPost, c.v.d.Viewer+path, "application/x-www-form-urlencoded", []byte(form.Encode()))
	if err != nil || a.status != http.StatusSeeOther {
		c.v.d.t.Fatalf("staff POST %s: %v %s", path, err, show(a))
	}
}

// get wants a page.
func (c *colleague) get(path string) []byte {
	c.v.d.t.Helper()
	a, err := c.v.do(http.MethodGet, c.v.d.Viewer+path, "", nil)
	if err != nil || a.status != http.StatusOK {
		c.v.d.t.Fatalf("staff GET %s: %v %s", path, err, show(a))
	}
	return a.body
}

// entry is a line of the inbox.
type entry struct{ reference, address string }

// inbox walks all pages, newest first.
func (c *colleague) inbox() []entry {
	c.v.d.t.Helper()
	var all []entry
	for next := "/inbox"; next != ""; {
		page := next
		next = ""
		for _, a := range links(c.get(page)) {
			switch {
			case reference.MatchString(a.text) && len(a.text) == 7:
				all = append(all, entry{a.text, a.address})
			case a.rel == "next":
				next = a.address
			}
		}
	}
	return all
}

// link is an anchor of a page.
type link struct{ text, address, rel string }

// links lists a page's anchors.
func links(page []byte) []link {
	var all []link
	for _, n := range elements(page, "a") {
		all = append(all, link{strings.TrimSpace(inner(n)), attr(n, "href"), attr(n, "rel")})
	}
	return all
}

// inputs lists a page's controls.
func inputs(page []byte) []control {
	var all []control
	for _, n := range elements(page, "input") {
		all = append(all, control{attr(n, "name"), attr(n, "type"), attr(n, "value"), ""})
	}
	return all
}

// elements finds all of a name.
func elements(page []byte, name string) []*html.Node {
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil
	}
	var all []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			all = append(all, n)
		}
	}
	return all
}

// inner is an element's text.
func inner(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
