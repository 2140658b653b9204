package e2e

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// visitor is a browser without JavaScript, cookies and patience.
type visitor struct {
	d      *demo
	client *http.Client
	dress  func(*http.Request) // adds headers, if set
}

// visitor makes one with connections of its own.
func (d *demo) visitor() *visitor {
	transport := &http.Transport{TLSClientConfig: d.tls(), ForceAttemptHTTP2: true}
	d.t.Cleanup(transport.CloseIdleConnections)
	return &visitor{d: d, client: &http.Client{
		Transport: transport, Timeout: 60 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// control is one input of a form page.
type control struct{ name, kind, value, mode string }

// formPage is a form as the page shows it.
type formPage struct {
	action    string
	multipart bool
	controls  []control
}

// upload is a file to attach.
type upload struct {
	field, name, kind string
	body              []byte
}

// post is a filled-in form, ready to be sent, and sent again.
type post struct {
	path, kind string
	body       []byte
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends one request and reads all of the answer. A path alone is one of the public pages: a restart may have given
// them another port.
func (v *visitor) do(method, address, kind string, body []byte) (*answer, error) {
	if strings.HasPrefix(address, "/") {
		address = v.d.Intake + address
	}
	req, err := http.NewRequest(method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if v.dress != nil {
		v.dress(req)
	}
	res, err := v.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return &answer{res.StatusCode, res.Header, b}, err
}

// open gets a form's page.
func (v *visitor) open(id string) (*formPage, error) {
	a, err := v.do(http.MethodGet, "/f/"+id, "", nil)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("the page of %s answers %d", id, a.status)
	}
	return readForm(a.body)
}

// readForm finds the form that posts to /f/… and its controls.
func readForm(page []byte) (*formPage, error) {
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, err
	}
	var f *formPage
	for n := range doc.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "form" && strings.HasPrefix(attr(n, "action"), "/f/"):
			f = &formPage{action: attr(n, "action"), multipart: attr(n, "enctype") == "multipart/form-data"}
		case f != nil && attr(n, "name") != "" && (n.Data == "input" || n.Data == "textarea"):
			kind := attr(n, "type")
			if n.Data == "textarea" {
				kind = "textarea"
			}
			f.controls = append(f.controls, control{attr(n, "name"), kind, attr(n, "value"), attr(n, "inputmode")})
		}
	}
	if f == nil {
		return nil, fmt.Errorf("the page holds no form")
	}
	return f, nil
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// text gives a good answer to any question: say is used wherever free text fits.
func text(c control, say func(name string) string) string {
	switch {
	case strings.HasSuffix(c.name, ".day"):
		return "7"
	case strings.HasSuffix(c.name, ".month"):
		return "3"
	case strings.HasSuffix(c.name, ".year"):
		return "1987"
	case c.kind == "email":
		return strings.ReplaceAll(say(c.name), " ", ".") + "@example.org"
	case c.kind == "tel":
		return "555 014 2233"
	case c.mode == "numeric" || c.mode == "decimal":
		return "42"
	}
	return say(c.name)
}

// fill answers every question: the first choice, every box, say's words, and the files given.
func (f *formPage) fill(say func(name string) string, files ...upload) post {
	var pairs [][2]string
	seen := map[string]bool{}
	for _, c := range f.controls {
		switch c.kind {
		case "hidden", "checkbox":
			pairs = append(pairs, [2]string{c.name, c.value})
		case "radio":
			if !seen[c.name] {
				pairs = append(pairs, [2]string{c.name, c.value})
			}
		case "file", "submit":
		default:
			pairs = append(pairs, [2]string{c.name, text(c, say)})
		}
		seen[c.name] = true
	}
	return f.encode(pairs, files, "")
}

// encode writes the body the way the page's form would. A boundary is for tests that plant something in it.
func (f *formPage) encode(pairs [][2]string, files []upload, boundary string) post {
	var b bytes.Buffer
	if !f.multipart {
		for i, p := range pairs {
			if i > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(p[0]) + "=" + url.QueryEscape(p[1]))
		}
		return post{f.action, "application/x-www-form-urlencoded", b.Bytes()}
	}
	w := multipart.NewWriter(&b)
	if boundary != "" {
		must(w.SetBoundary(boundary))
	}
	for _, p := range pairs {
		must(w.WriteField(p[0], p[1]))
	}
	for _, u := range files {
		head := textproto.MIMEHeader{}
		head.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q; filename=%q`, u.field, u.name))
		head.Set("Content-Type", u.kind)
		part, err := w.CreatePart(head)
		must(err)
		_, err = part.Write(u.body)
		must(err)
	}
	must(w.Close())
	return post{f.action, w.FormDataContentType(), b.Bytes()}
}

// must is for writing into memory, which cannot fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// fileField names the first question that takes a file.
func (f *formPage) fileField(t *testing.T) string {
	t.Helper()
	for _, c := range f.controls {
		if c.kind == "file" {
			return c.name
		}
	}
	t.Fatal("the form takes no file")
	return ""
}

var reference = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}\b`)

// send posts and follows to the receipt; the reference is empty unless one was shown.
func (v *visitor) send(p post) (ref string, a *answer, err error) {
	a, err = v.do(http.MethodPost, p.path, p.kind, p.body)
	if err != nil || a.status != http.StatusSeeOther {
		return "", a, err
	}
	b, err := v.do(http.MethodGet, a.header.Get("Location"), "", nil)
	if err != nil {
		return "", a, err
	}
	found := reference.Find(b.body)
	if b.status != http.StatusOK || found == nil {
		return "", b, fmt.Errorf("the receipt page answers %d without a reference", b.status)
	}
	return string(found), b, nil
}

// submit fills in a form and wants a receipt.
func (v *visitor) submit(id string, say func(string) string, files ...upload) string {
	v.d.t.Helper()
	f, err := v.open(id)
	if err != nil {
		v.d.t.Fatal(err)
	}
	for i := range files {
		if files[i].field == "" {
			files[i].field = f.fileField(v.d.t)
		}
	}
	ref, a, err := v.send(f.fill(say, files...))
	if err != nil || ref == "" {
		v.d.t.Fatalf("sending %s gave no receipt: %v\n%s", id, err, show(a))
	}
	return ref
}

// show is for failure messages.
func show(a *answer) string {
	if a == nil {
		return "(no answer)"
	}
	return fmt.Sprintf("%d %v\n%.3000s", a.status, a.header, a.body)
}
