package viewer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/forms/record"
	"sealform/internal/audit"
	"sealform/internal/event"
	"sealform/internal/staff"
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

// clinic is a viewer on a real store, with two people: dana reads new-patient and contact, sam contact.
type clinic struct {
	t        testing.TB
	clock    *clock
	desk     *desk
	pages    *handlers
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
	nudges   atomic.Int64
	next     int64
	change   []func(*staff.Config)
}

const patientForm = `
form: new-patient
title: New patient form
seal: { to: [all] }
deliver: { store: { keep: 90d }, mail: { to: [ frontdesk@riverside.example ] } }
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

// newClinic opens a viewer; change, if given, changes what the sessions are made of.
func newClinic(t testing.TB, change ...func(*staff.Config)) *clinic {
	t.Helper()
	h := &clinic{
		t: t, clock: &clock{at: time.Now().Truncate(time.Second)}, path: filepath.Join(t.TempDir(), "sealform.db"),
		forms: map[string]*forms.Form{}, readers: map[string]*keys.Recipients{}, locked: map[string]*private.Locked{},
		secrets: map[string]string{}, accounts: map[string]int64{}, log: &bytes.Buffer{}, next: 1 << 40, change: change,
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
	f, err := file.Parse(id+".yaml", []byte(src))
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
func (h *clinic) open() {
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
	events := event.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	vault := private.NewVault(10*time.Minute, h.clock.now)
	signIn := staff.Config{
		Service: service, Store: s, Locks: vault, Key: key, Now: h.clock.now, Events: events,
		Pause:   func(_ context.Context, wait time.Duration) error { h.clock.pass(wait); return nil },
		Compare: h.compare,
	}
	for _, change := range h.change {
		change(&signIn)
	}
	d, err := newDesk(Config{
		Service: service, Name: "Riverside Family Clinic", Accent: "#0b6e69",
		Hosts: []string{strings.TrimPrefix(h.server.URL, "https://")},
		Store: s, Sessions: staff.New(signIn), Vault: vault, Verifiers: verifiers, Key: key,
		Forms: []Served{
			{h.forms["new-patient"], h.readers["new-patient"].Fingerprints()},
			{h.forms["contact"], h.readers["contact"].Fingerprints()},
		},
		Webhooks: []string{"crm"}, Nudge: func() { h.nudges.Add(1) },
		Zone: zone(h.t), Now: h.clock.now, Events: events,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.desk = d
	h.pages, err = newHandlers(d)
	if err != nil {
		h.t.Fatal(err)
	}
	inner := h.pages.handler()
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

// compare counts; what stands in for an unknown e-mail is dear, and fits nobody anyway.
func (h *clinic) compare(p keys.Password, encoded string) (bool, error) {
	h.hashes.Add(1)
	if !strings.HasPrefix(encoded, "$argon2id$v=19$m=64,") {
		return false, nil
	}
	return argon2id.ComparePasswordAndHash(string(p.Reveal()), encoded)
}

// many is more failed sign-ins than a test makes.
func many(c *staff.Config) { c.SignInFailures = 10_000 }

var cheap = argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// close stops both; open starts them again.
func (h *clinic) close() {
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
func (h *clinic) person(name string) {
	h.t.Helper()
	email := name + "@riverside.example"
	hash, err := argon2id.CreateHash(accountPassword, &cheap)
	if err != nil {
		h.t.Fatal(err)
	}
	second, err := staff.NewTOTP(key("totp"), service, "Riverside Family Clinic", email)
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
type upload struct {
	name, kind string
	body       []byte
}

// send seals and stores a submission as intake would, and gives its id and reference.
func (h *clinic) send(form string, values [][2]string, files ...upload) (int64, string) {
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
	plan := record.Plan{
		Service: service, ID: h.next, Reference: ref, Received: now, Lang: "en", Path: "page",
		Recipients: h.readers[form], Signer: h.signer, Token: [16]byte(token[:16]), Content: token, Deliver: h.forms[form],
	}
	if m := h.forms[form].Mail; m != nil {
		plan.MailFrom = "forms@riverside.example"
		for _, to := range m.To {
			plan.Mails = append(plan.Mails, record.Envelope{To: to.Address, Sealer: h.readers[form].By(h.signer)})
		}
	}
	sub, err := record.Seal(answers, plan)
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

func (h *clinic) contact(message string) (int64, string) {
	return h.send("contact", [][2]string{{"name", "Maria Alvarez"}, {"message", message}})
}

// at is a submission's address.
func (h *clinic) at(form string, id int64) string { return h.desk.paths.submission(form, id) }
