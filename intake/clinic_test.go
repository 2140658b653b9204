package intake

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/html"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/forms/record"
	"sealform/internal/event"
	"sealform/internal/spool"
	"sealform/internal/store"
	"sealform/internal/token"
	"sealform/keys"
	"sealform/keys/private"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const contactYAML = `
form: contact
title: Contact us
intro: We read every message.
contact: Call 555-0142 if you would rather talk.
seal: { to: [front-desk] }
deliver: { store: { keep: 30d } }
brand: { name: Riverside Family Clinic, accent: "#0b6e69" }
access: { message_when_closed: We cannot take messages just now. }
after: { title: Thank you, text: We will call within one working day. }
limits: { total_upload: 4MB }
fields:
  - { id: full_name, type: name, label: Full name, section: About you }
  - { id: birth, type: date, label: Date of birth, before: today, memorable: true }
  - { id: email, type: email, label: Email address, optional: true }
  - { id: phone, type: phone, label: Phone number, optional: true }
  - { id: age, type: number, label: Age, optional: true, min: 1, max: 120 }
  - { id: smoker, type: yesno, label: Do you smoke?, optional: true }
  - id: colours
    type: choices
    label: Which colours?
    optional: true
    options: { red: Red, blue: Blue, green: Green }
  - { id: message, type: longtext, label: How can we help?, max: 1000 }
  - { id: card, type: file, label: Insurance card, optional: true, accept: [jpg, png], max_files: 2, max_size: 2MB }
  - { id: privacy, type: consent, label: I agree, text: What we do with it., version: "1" }
`

// desk staff: one key for all tests, as making it costs an Argon2id run.
var frontDesk = sync.OnceValues(func() (*private.Locked, error) {
	return private.Generate("Front desk <frontdesk@riverside.example>", keys.NewPassword([]byte("correct horse")), time.Now().Add(-time.Hour))
})

// clinic is the whole program with real parts: forms, keys, spool, tokens and a SQLite store, behind a TLS server.
type clinic struct {
	t      *testing.T
	server *httptest.Server
	store  *store.Store
	spool  *spool.Spool
	signer *keys.Signer
	config Config
	log    *lockedBuffer
	ahead  atomic.Int64 // nanoseconds that the clock is ahead
	drop   func(ctx context.Context, s *record.Submission, next Drop) (record.Kept, error)
	dir    string
}

func (c *clinic) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Put goes to the store, past what a test put in the way.
func (c *clinic) Put(ctx context.Context, s *record.Submission) (record.Kept, error) {
	if c.drop != nil {
		return c.drop(ctx, s, c.store)
	}
	return c.store.Put(ctx, s)
}

func openClinic(t *testing.T, change ...func(*Config)) *clinic {
	t.Helper()
	c := &clinic{t: t, dir: t.TempDir(), log: &lockedBuffer{}}
	var err error
	if c.store, err = store.Open(t.Context(), store.Config{
		Path: filepath.Join(c.dir, "sealform.db"), HeadFile: filepath.Join(c.dir, "audit.head"), Service: "test",
		LeafKey: make([]byte, 32), AuditKey: make([]byte, 32), Now: c.now, MinFree: 1,
	}); err != nil {
		t.Fatal(err)
	}
	if c.spool, err = spool.New(spool.Config{Dir: filepath.Join(c.dir, "spool")}); err != nil {
		t.Fatal(err)
	}
	if c.signer, _, err = keys.NewSigner("test", time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	tokens, err := token.New(make([]byte, 32), "test", c.now)
	if err != nil {
		t.Fatal(err)
	}
	c.config = Config{
		Service: "test", Forms: []Served{{Form: parseForm(t, contactYAML), Readers: c.readers}},
		Drop: c, Signer: c.signer, Tokens: tokens, Spool: c.spool, Now: c.now, Zone: time.FixedZone("CET", 3600),
		MailLimit: func() int64 { return 0 }, Ready: func() error { return nil }, Kept: func() {},
		Events: event.New(slog.NewJSONHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	c.server = httptest.NewUnstartedServer(nil)
	c.config.Hosts = []string{c.server.Listener.Addr().String()}
	for _, f := range change {
		f(&c.config)
	}
	if c.server.Config.Handler, err = New(c.config); err != nil {
		t.Fatal(err)
	}
	c.server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(c.log, nil), slog.LevelError)
	c.server.EnableHTTP2 = true
	c.server.StartTLS()
	client := c.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() {
		c.server.Close()
		client.CloseIdleConnections()
		if n := c.spool.Used(); n != 0 {
			t.Errorf("the spool still holds %d bytes", n)
		}
		if err := c.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func parseForm(t *testing.T, yaml string) *forms.Form {
	t.Helper()
	f, err := file.Parse("contact.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (c *clinic) readers() (*record.Readers, error) {
	locked, err := frontDesk()
	if err != nil {
		return nil, err
	}
	return readersOf(locked.Certificate(), time.Now())
}

func readersOf(certificate []byte, now time.Time) (*record.Readers, error) {
	cert, err := keys.ParseCertificate(certificate, now)
	if err != nil {
		return nil, err
	}
	r, err := keys.NewRecipients(cert)
	return &record.Readers{Store: r}, err
}

// answer is one response, read whole.
type answer struct {
	*http.Response
	body string
	page *html.Node
}

func (c *clinic) do(r *http.Request) answer {
	c.t.Helper()
	resp, err := c.server.Client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	page, err := html.Parse(bytes.NewReader(b))
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{resp, string(b), page}
}

func (c *clinic) request(method, path, contentType, body string) *http.Request {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func (c *clinic) get(path string) answer { return c.do(c.request(http.MethodGet, path, "", "")) }

func (c *clinic) post(v url.Values) answer {
	return c.do(c.request(http.MethodPost, "/f/contact", urlencoded, v.Encode()))
}

// token opens the form and gives its page's token.
func (c *clinic) token() string {
	c.t.Helper()
	a := c.get("/f/contact")
	n := a.find("input", "name", "_token")
	if n == nil {
		c.t.Fatalf("no token on the page (%d)", a.StatusCode)
	}
	return attr(n, "value")
}

// filled is a form in order.
func (c *clinic) filled(more ...string) url.Values {
	v := url.Values{
		"_token": {c.token()}, "full_name": {"Maria Alvarez"}, "birth.day": {"27"}, "birth.month": {"mar"}, "birth.year": {"1957"},
		"message": {"My knee hurts"}, "privacy": {"yes"},
	}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

func (c *clinic) rows() []store.Row {
	c.t.Helper()
	rows, err := c.store.Page(c.t.Context(), []string{"contact"}, 0, 50)
	if err != nil {
		c.t.Fatal(err)
	}
	return rows
}

// open reads what is in a row as staff would.
func (c *clinic) open(row store.Row) *record.Reading {
	c.t.Helper()
	locked, err := frontDesk()
	if err != nil {
		c.t.Fatal(err)
	}
	u, err := locked.Unlock(keys.NewPassword([]byte("correct horse")))
	if err != nil {
		c.t.Fatal(err)
	}
	defer u.Wipe()
	sub, err := c.store.Submission(c.t.Context(), row.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	by, err := keys.ParseVerifiers(c.signer.Certificate())
	if err != nil {
		c.t.Fatal(err)
	}
	plain, _, err := u.Open(sub.Answers, by)
	if err != nil {
		c.t.Fatal(err)
	}
	form := c.config.Forms[0].Form
	if older := c.config.Forms[0].Older[sub.Revision]; older != nil {
		form = older
	}
	reading, err := record.Read(plain, form, record.Row{
		Service: "test", ID: row.ID, Form: row.Form, Revision: sub.Revision, Reference: row.Reference,
		Received: row.Received, Readers: sub.Readers, Files: row.Files,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return reading
}

// find gives the first element of that name with that attribute, or nil; value "*" is any.
func (a answer) find(element, name, value string) *html.Node {
	for n := range a.page.Descendants() {
		if n.Type == html.ElementNode && n.Data == element && (name == "" || has(n, name) && (value == "*" || attr(n, name) == value)) {
			return n
		}
	}
	return nil
}

func has(n *html.Node, name string) bool {
	for _, x := range n.Attr {
		if x.Key == name {
			return true
		}
	}
	return false
}

func attr(n *html.Node, name string) string {
	if n != nil {
		for _, x := range n.Attr {
			if x.Key == name {
				return x.Val
			}
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	if n != nil {
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				b.WriteString(d.Data)
			}
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")
