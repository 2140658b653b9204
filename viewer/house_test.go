package viewer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/pquerna/otp/totp"
	"golang.org/x/net/html"

	"sealform/forms"
	"sealform/internal/audit"
	"sealform/internal/event"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/privatetest"
)

const (
	service         = "clinic-1"
	accountPassword = "a long account password"
	keyPassword     = "seven words for a key"
)

// clock is a fake one that a pause moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is a viewer on a real store, with two people: dana reads new-patient and contact, sam contact.
type house struct {
	t        testing.TB
	clock    *clock
	desk     *desk
	server   *httptest.Server
	path     string // of the database
	forms    map[string]*forms.Form
	signer   *keys.Signer
	readers  map[string]*keys.Recipients
	locked   map[string]*private.Locked
	secrets  map[string]string // TOTP by e-mail
	accounts map[string]int64
	log      *bytes.Buffer
	inner    atomic.Pointer[http.Handler]
	hashes   atomic.Int64 // password hashes run
	next     int64
}

const patientForm = `
form: new-patient
title: New patient form
seal: { to: [all] }
deliver: { store: { keep: 90d } }
fields:
  - { id: full_name, type: name, label: Full name, section: About you }
  - { id: birth, type: date, label: Date of birth, memorable: true }
  - { id: email, type: email, label: Email address, optional: true }
  - id: medicines
    type: choice
    section: Medical history
    label: Do you take any medicines?
    options: { yes: "Yes", no: "No", unsure: I am not sure }
  - { id: reason, type: longtext, label: What would you like help with?, max: 9000 }
  - { id: card, type: file, section: Insurance, label: Photo of your insurance card, optional: true, accept: [jpg, png, pdf], max_files: 3, max_size: 8MB }
`

const contactForm = `
form: contact
title: Contact us
seal: { to: [all] }
deliver: { store: { keep: 30d } }
fields:
  - { id: name, type: name, label: Your name }
  - { id: message, type: longtext, label: How can we help?, max: 9000 }
`

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{
		t: t, clock: &clock{at: time.Now().Truncate(time.Second)}, path: filepath.Join(t.TempDir(), "sealform.db"),
		forms: map[string]*forms.Form{}, readers: map[string]*keys.Recipients{}, locked: map[string]*private.Locked{},
		secrets: map[string]string{}, accounts: map[string]int64{}, log: &bytes.Buffer{}, next: 1 << 40,
	}
	for id, src := range map[string]string{"new-patient": patientForm, "contact": contactForm} {
		h.forms[id] = parse(t, id, src)
	}
	h.locked["dana"] = privatetest.Key(t, "dana", keyPassword)
	h.locked["sam"] = privatetest.Key(t, "sam", keyPassword)
	h.readers["new-patient"] = privatetest.Recipients(t, h.locked["dana"])
	h.readers["contact"] = privatetest.Recipients(t, h.locked["dana"], h.locked["sam"])
	h.open()
	h.person("dana")
	h.person("sam")
	return h
}

func parse(t testing.TB, id, src string) *forms.Form {
	t.Helper()
	f, err := forms.Parse(id+".yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// key derives one per purpose from a root that tests share.
func key(purpose string) []byte {
	k := sha256.Sum256([]byte("root of a test " + purpose))
	return k[:]
}

// open starts store and server; again after close, as a restart does.
func (h *house) open() {
	h.t.Helper()
	s, err := store.Open(h.t.Context(), store.Config{
		Path: h.path, HeadFile: h.path + ".head", Service: service, LeafKey: key("leaf"), AuditKey: key("audit"),
		Now: h.clock.now, MinFree: 1,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	var verifiers *keys.Verifiers
	if h.signer == nil {
		h.signer, verifiers = privatetest.Signer(h.t)
	} else if verifiers, err = keys.ParseVerifiers(h.signer.Certificate()); err != nil {
		h.t.Fatal(err)
	}
	h.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*h.inner.Load()).ServeHTTP(w, r)
	}))
	h.server.StartTLS()
	d, err := newDesk(Config{
		Service: service, Name: "Riverside Family Clinic", Accent: "#0b6e69",
		Hosts: []string{strings.TrimPrefix(h.server.URL, "https://")},
		Store: s, Vault: private.NewVault(10*time.Minute, h.clock.now), Verifiers: verifiers, Key: key,
		Forms: []Served{
			{h.forms["new-patient"], h.readers["new-patient"].Fingerprints()},
			{h.forms["contact"], h.readers["contact"].Fingerprints()},
		},
		Zone: zone(h.t), Now: h.clock.now, Events: event.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	d.noHash = nobody(cheap)
	d.compare = func(p keys.Password, encoded string) (bool, error) {
		h.hashes.Add(1)
		return matches(p, encoded)
	}
	d.pause = func(_ context.Context, wait time.Duration) error { h.clock.pass(wait); return nil }
	h.desk = d
	inner, err := d.handler()
	if err != nil {
		h.t.Fatal(err)
	}
	h.inner.Store(&inner)
	h.t.Cleanup(h.close)
}

func zone(t testing.TB) *time.Location {
	z, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

var cheap = argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// close stops both; open starts them again.
func (h *house) close() {
	if h.server == nil {
		return
	}
	h.server.Close()
	h.desk.Vault.LockAll()
	if err := h.desk.Store.Close(); err != nil {
		h.t.Error(err)
	}
	h.server = nil
}

// person makes an account of that name with a key.
func (h *house) person(name string) {
	h.t.Helper()
	email := name + "@riverside.example"
	hash, err := argon2id.CreateHash(accountPassword, &cheap)
	if err != nil {
		h.t.Fatal(err)
	}
	second, err := NewTOTP(key("totp"), service, "Riverside Family Clinic", email)
	if err != nil {
		h.t.Fatal(err)
	}
	h.secrets[email] = second.Secret
	entry := audit.Entry{Who: audit.Operator, Act: audit.ActAccountAdded, About: []string{email}}
	id, err := h.desk.Store.AddAccount(h.t.Context(), store.Account{Email: email, Password: hash, TOTP: second.Sealed}, entry)
	if err != nil {
		h.t.Fatal(err)
	}
	h.accounts[name] = id
	entry.Act = audit.ActKeyGenerated
	l := h.locked[name]
	err = h.desk.Store.AddKey(h.t.Context(), store.LockedKey{Fingerprint: l.Fingerprint(), Account: id, Name: strings.ToUpper(name[:1]) + name[1:], Locked: l.Bytes()}, entry)
	if err != nil {
		h.t.Fatal(err)
	}
}

// file is one that comes with a submission.
type file struct {
	name, kind string
	body       []byte
}

// send seals and stores a submission as intake would, and gives its id and reference.
func (h *house) send(form string, values [][2]string, files ...file) (int64, string) {
	h.t.Helper()
	entry := &forms.Entry{}
	for _, v := range values {
		entry.Pairs = append(entry.Pairs, forms.Pair{Name: v[0], Value: []byte(v[1])})
	}
	for _, f := range files {
		entry.Files = append(entry.Files, forms.File{
			Field: "card", Name: f.name, Type: f.kind, Size: int64(len(f.body)), SHA256: sha256.Sum256(f.body),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(f.body)), nil },
		})
	}
	now := h.clock.now()
	answers, rejected := h.forms[form].Check(entry, now)
	if rejected != nil {
		h.t.Fatalf("the test's answers are refused: %+v", rejected.Problems)
	}
	h.next += 1 << 20
	ref := fmt.Sprintf("R%02d-%03d", h.next>>20&0x3f, h.next>>20&0x1ff)
	token := sha256.Sum256([]byte(ref))
	sub, err := answers.Seal(forms.Plan{
		Service: service, ID: h.next, Reference: ref, Received: now, Lang: "en", Path: "page",
		Recipients: h.readers[form], Signer: h.signer, Token: [16]byte(token[:16]), Content: token, Deliver: h.forms[form],
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.desk.Store.SaveRevision(h.t.Context(), form, h.forms[form].Revision, h.forms[form].Questions()); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.desk.Store.Put(h.t.Context(), sub); err != nil {
		h.t.Fatal(err)
	}
	return h.next, ref
}

func (h *house) contact(message string) (int64, string) {
	return h.send("contact", [][2]string{{"name", "Maria Alvarez"}, {"message", message}})
}

// tamper runs SQL on the database file beside the store.
func (h *house) tamper(query string, args ...any) {
	h.t.Helper()
	db, err := sql.Open("sqlite", h.path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	r, err := db.ExecContext(h.t.Context(), query, args...)
	if err != nil {
		h.t.Fatal(err)
	}
	if n, _ := r.RowsAffected(); n == 0 {
		h.t.Fatalf("%s changed nothing", query)
	}
}

// count asks the database file for one number.
func (h *house) count(query string, args ...any) (n int64) {
	h.t.Helper()
	db, err := sql.Open("sqlite", h.path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(h.t.Context(), query, args...).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// browser is a client with cookies that says where it comes from, as browsers do.
type browser struct {
	h      *house
	client *http.Client
	dress  func(*http.Request)
}

func (h *house) browser() *browser {
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
func (h *house) code(email string, n int) string {
	h.t.Helper()
	code, err := totp.GenerateCode(h.secrets[email], h.clock.now().Add(time.Duration(n)*totpPeriod*time.Second))
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// as signs a person in; the clock moves on, so that the next code is another.
func (h *house) as(name string) *browser {
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
func (h *house) reader(name string) *browser {
	h.t.Helper()
	b := h.as(name)
	b.unlock(name)
	return b
}

// at is a submission's address.
func (h *house) at(form string, id int64) string { return h.desk.address(form, id) }

// acts lists the audit record.
func (h *house) acts() []string {
	h.t.Helper()
	db, err := sql.Open("sqlite", h.path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(h.t.Context(), `select act || ' ' || about from audit order by n`)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			h.t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		h.t.Fatal(err)
	}
	return out
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

// tamperSchema changes the database itself.
func (h *house) tamperSchema(query string) {
	h.t.Helper()
	db, err := sql.Open("sqlite", h.path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(h.t.Context(), query); err != nil {
		h.t.Fatal(err)
	}
}

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

// cookies are what the browser would send.
func (b *browser) cookies() cookies {
	r := httptest.NewRequestWithContext(b.h.t.Context(), http.MethodGet, "/", nil)
	for _, name := range []string{sessionCookie, keyCookie} {
		r.AddCookie(&http.Cookie{Name: name, Value: b.cookie(name)}) //nolint:gosec // of a test
	}
	return cookies{r}
}

// record asks a handler without TLS.
func record(t *testing.T, handler http.Handler, method, path, host, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Host = host
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}
