package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/html"
)

// visitor is a browser without scripts: it goes to one address whatever the name, and trusts one authority.
type visitor struct {
	*http.Client
	base string
}

// newVisitor visits https://localhost at an address; ca is a PEM file.
func newVisitor(address, ca string) (*visitor, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("the authority's file holds no certificate")
	}
	var d net.Dialer
	return &visitor{base: "https://localhost", Client: &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return d.DialContext(ctx, network, address)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// answer is what came back, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (v *visitor) ask(method, path, kind string, body io.Reader) (*answer, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, v.base+path, body)
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Origin", v.base)
	resp, err := v.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return &answer{resp.StatusCode, resp.Header, b}, err
}

var referenceOnPage = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}\b`)

// submit fills in a form: answers are "id=words", files "id=@path". It gives the reference on the receipt.
func (v *visitor) submit(form string, answers ...string) (string, error) {
	kind, body, err := v.filled(form, answers)
	if err != nil {
		return "", err
	}
	sent, err := v.ask(http.MethodPost, "/f/"+form, kind, body)
	if err != nil {
		return "", err
	}
	if sent.status != http.StatusSeeOther {
		return "", fmt.Errorf("the answer was %d:\n%s", sent.status, sent.body)
	}
	receipt, err := v.ask(http.MethodGet, sent.header.Get("Location"), "", nil)
	if err != nil {
		return "", err
	}
	reference := referenceOnPage.FindString(string(receipt.body))
	if reference == "" {
		return "", fmt.Errorf("no reference on the receipt:\n%s", receipt.body)
	}
	return reference, nil
}

// filled writes the body as a browser would: what is hidden in the page, then the answers.
func (v *visitor) filled(form string, answers []string) (kind string, body io.Reader, err error) {
	page, err := v.ask(http.MethodGet, "/f/"+form, "", nil)
	if err != nil {
		return "", nil, err
	}
	doc, err := html.Parse(bytes.NewReader(page.body))
	if err != nil {
		return "", nil, err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for n := range doc.Descendants() {
		if n.Data == "input" && attribute(n, "type") == "hidden" {
			err = errors.Join(err, w.WriteField(attribute(n, "name"), attribute(n, "value")))
		}
	}
	for _, a := range answers {
		id, value, _ := strings.Cut(a, "=")
		if path, isFile := strings.CutPrefix(value, "@"); isFile {
			err = errors.Join(err, attach(w, id, path))
			continue
		}
		err = errors.Join(err, w.WriteField(id, value))
	}
	return w.FormDataContentType(), &b, errors.Join(err, w.Close())
}

func attach(w *multipart.Writer, id, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	part, err := w.CreateFormFile(id, filepath.Base(path))
	if err == nil {
		_, err = part.Write(b)
	}
	return err
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func send(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: send ADDRESS FORM ANSWER…")
	}
	v, err := newVisitor(args[0], ts.MkAbs("tls/ca.pem"))
	ts.Check(err)
	answers := args[2:]
	for i, a := range answers {
		if id, path, isFile := strings.Cut(a, "=@"); isFile {
			answers[i] = id + "=@" + ts.MkAbs(path)
		}
	}
	reference, err := v.submit(args[1], answers...)
	ts.Check(err)
	ts.Setenv("REFERENCE", reference)
}
