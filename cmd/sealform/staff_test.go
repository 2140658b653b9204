package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/html"
)

// colleague is a visitor of the staff pages, signed in and with the key unlocked.
type colleague struct{ *visitor }

// login is what a colleague types. Each code works once.
type login struct{ email, password, code, keyPassword string }

// newColleague signs in at base, which address serves.
func newColleague(base, address, ca string, l login) (*colleague, error) {
	v, err := newVisitor(address, ca)
	if err != nil {
		return nil, err
	}
	v.base = base
	if v.Jar, err = cookiejar.New(nil); err != nil {
		return nil, err
	}
	c := &colleague{v}
	err = c.post("/sign-in", url.Values{"email": {l.email}, "password": {l.password}})
	if err == nil {
		err = c.post("/sign-in/code", url.Values{"code": {l.code}})
	}
	if err == nil {
		err = c.unlock(l.keyPassword)
	}
	return c, err
}

func (c *colleague) unlock(password string) error {
	page, err := c.page("/unlock")
	if err != nil {
		return err
	}
	with := url.Values{"password": {password}}
	for n := range page.Descendants() {
		if n.Data == "input" && attribute(n, "name") == "key" {
			with.Set("key", attribute(n, "value"))
		}
	}
	return c.post("/unlock", with)
}

// post wants a redirect, the answer to everything that worked.
func (c *colleague) post(path string, form url.Values) error {
	a, err := c.ask(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if err == nil && a.status != http.StatusSeeOther {
		err = fmt.Errorf("POST %s: %d\n%s", path, a.status, a.body)
	}
	return err
}

func (c *colleague) page(path string) (*html.Node, error) {
	a, err := c.ask(http.MethodGet, path, "", nil)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %d\n%s", path, a.status, a.body)
	}
	return html.Parse(bytes.NewReader(a.body))
}

// read opens the submission of a reference and gives its page's text.
func (c *colleague) read(reference string) (string, error) {
	inbox, err := c.page("/inbox")
	if err != nil {
		return "", err
	}
	for n := range inbox.Descendants() {
		if n.Data == "a" && strings.TrimSpace(textOf(n)) == reference {
			page, err := c.page(attribute(n, "href"))
			if err != nil {
				return "", err
			}
			return textOf(page), nil
		}
	}
	return "", errors.New("the inbox does not show " + reference)
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// staffSees signs in with the code of now, and a second time in the same script with the one after it.
func staffSees(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: staff-sees ADDRESS REFERENCE TEXT")
	}
	at := time.Now()
	if ts.Getenv("SIGNED_IN") != "" {
		at = at.Add(30 * time.Second)
	}
	ts.Setenv("SIGNED_IN", "once")
	code, err := totp.GenerateCode(ts.Getenv("SECOND_FACTOR"), at)
	ts.Check(err)
	c, err := newColleague("https://staff.localhost", args[0], ts.MkAbs("tls/ca.pem"), login{clinicEmail, clinicPassword, code, clinicKeyPassword})
	ts.Check(err)
	text, err := c.read(args[1])
	ts.Check(err)
	if !strings.Contains(text, args[2]) {
		ts.Fatalf("the page does not hold %q:\n%s", args[2], text)
	}
}
