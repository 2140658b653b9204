package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"sealform/internal/outward"
	"sealform/internal/outward/outwardtest"
	"sealform/internal/server"
	"sealform/keys"
)

// otherPrograms take webhooks at https://crm.riverside.example, which is this machine: they check signatures as the
// standard says, and answer 500 to what each hears first.
type otherPrograms struct {
	world  outward.Config
	port   string
	opened atomic.Int64 // connections

	mu      sync.Mutex
	secrets map[string]string // by path
	heard   map[string][]call
}

type call struct {
	id   string
	head http.Header
	body []byte
	bad  error // what is wrong with its signature
}

func newOtherPrograms(t *testing.T) *otherPrograms {
	t.Helper()
	const name = "crm.riverside.example"
	certificate, pool := outwardtest.Certificate(t, time.Now(), name)
	o := &otherPrograms{
		world:   outward.Config{Roots: pool, Resolver: outwardtest.Resolver(t, outwardtest.Names{name: {{"127.0.0.1"}}})},
		secrets: map[string]string{}, heard: map[string][]call{},
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(o.hear))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			o.opened.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	_, o.port, _ = net.SplitHostPort(s.Listener.Addr().String())
	return o
}

func (o *otherPrograms) hear(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil {
		var check *standardwebhooks.Webhook
		if check, err = standardwebhooks.NewWebhook(o.secrets[r.URL.Path]); err == nil {
			err = check.Verify(body, r.Header)
		}
	}
	o.heard[r.URL.Path] = append(o.heard[r.URL.Path], call{r.Header.Get("webhook-id"), r.Header.Clone(), body, err})
	if len(o.heard[r.URL.Path]) == 1 {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// of gives what a path has heard once it is so many calls.
func (o *otherPrograms) of(t *testing.T, path string, n int) (all []call) {
	t.Helper()
	until(t, fmt.Sprintf("%d calls of %s", n, path), func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		all = append([]call(nil), o.heard[path]...)
		return len(all) >= n
	})
	return all
}

// configured names both programs in the folder's configuration, and tells them their secrets.
func (o *otherPrograms) configured(t *testing.T, f *folder) {
	t.Helper()
	f.configure(t, fmt.Sprintf("webhooks:\n  crm: { url: \"https://crm.riverside.example:%s/crm\" }\n  archive: { url: \"https://crm.riverside.example:%s/archive\", send: ciphertext }\n", o.port, o.port))
	for _, name := range []string{"crm", "archive"} {
		secret := f.do(t, program{}, "webhooks", "secret", name)
		o.mu.Lock()
		o.secrets["/"+name] = strings.TrimSpace(secret)
		o.mu.Unlock()
	}
}

// TestWebhooksArrive: a submission that the role intake took is told to two other programs by the role deliver. Both can
// check who says it, and tell a repeat; one gets ids, the other ciphertext, and neither anything personal.
// covers ML08, ML09
func TestWebhooksArrive(t *testing.T) {
	o, f, c := newOtherPrograms(t), newFolder(t, time.Now()), &shifted{}
	o.configured(t, f)
	f.form(t, "  store: { keep: 30d }\n  webhooks: [crm, archive]\n")
	intake := startAs(t, f.program(c), f.serveArgs("--role", server.Intake)...)
	reference, err := f.visits(t, intake).submit("visit", personal...)
	if err != nil {
		t.Fatal(err)
	}
	deliver := program{now: c.now, outward: o.world}
	refused := startAs(t, deliver, f.serveArgs("--role", server.Deliver)...)
	until(t, "a refusal", func() bool {
		all := f.outbox(t)
		return all[0].LastError != "" && all[1].LastError != ""
	})
	refused.stop()
	for _, j := range f.outbox(t) {
		if j.LastError != "inside" || j.State != "waiting" || o.opened.Load() > 0 {
			t.Errorf("without outward.allow: %+v, %d connections", j, o.opened.Load())
		}
	}

	f.configure(t, "outward: { allow: [127.0.0.0/8] }\n")
	c.add(2 * time.Minute)
	r := startAs(t, deliver, f.serveArgs("--role", server.Deliver)...)
	o.of(t, "/crm", 1)
	o.of(t, "/archive", 1)
	until(t, "the second wait", func() bool {
		all := f.outbox(t)
		return all[0].Attempts == 2 && all[1].Attempts == 2 && all[0].LastError == "answered_500"
	})
	c.add(10 * time.Minute)
	for _, path := range []string{"/crm", "/archive"} {
		all := o.of(t, path, 2)
		if all[0].id == "" || all[0].id != all[1].id || !bytes.Equal(all[0].body, all[1].body) {
			t.Errorf("%s: the repeat is another: %q, %q", path, all[0].id, all[1].id)
		}
		o.reads(t, f, path, all[1], reference)
	}
	until(t, "an end", func() bool { all := f.outbox(t); return all[0].State == "sent" && all[1].State == "sent" })
	r.stop()
	if n := len(o.of(t, "/crm", 2)) + len(o.of(t, "/archive", 2)); n != 4 {
		t.Errorf("%d calls", n)
	}
}

// reads looks at one call as its receiver would.
func (o *otherPrograms) reads(t *testing.T, f *folder, path string, c call, reference string) {
	t.Helper()
	if c.bad != nil {
		t.Errorf("%s: %v", path, c.bad)
	}
	impersonal(t, path, c.body)
	impersonal(t, path, fmt.Append(nil, c.head))
	var said struct {
		Type string
		Data struct {
			Form, Reference, Address string
			Number                   int64
			Sealed                   []byte
		}
	}
	if err := json.Unmarshal(c.body, &said); err != nil {
		t.Fatal(err)
	}
	d := said.Data
	if said.Type != "submission.received" || d.Form != "visit" || d.Reference != reference || d.Number != 1 || !strings.HasPrefix(d.Address, "https://staff.localhost") {
		t.Errorf("%s: %s", path, c.body)
	}
	if path == "/crm" {
		if d.Sealed != nil {
			t.Error("ciphertext where ids were asked for")
		}
		return
	}
	if text := f.opens(t, d.Sealed); !strings.Contains(text, "Maria Alvarez") || !strings.Contains(text, "A private matter") {
		t.Errorf("the ciphertext holds:\n%s", text)
	}
}

// opens opens an OpenPGP message with the folder's key.
func (f *folder) opens(t *testing.T, b []byte) string {
	t.Helper()
	sealed, err := keys.ParseSealed(b)
	if err != nil {
		t.Fatal(err)
	}
	unlocked, err := f.key.Unlock(keys.NewPassword([]byte(clinicKeyPassword)))
	if err != nil {
		t.Fatal(err)
	}
	defer unlocked.Wipe()
	signing := f.do(t, program{}, "keys", "signing")
	by, err := keys.ParseVerifiers([]byte(signing))
	if err != nil {
		t.Fatal(err)
	}
	plain, _, err := unlocked.Open(sealed, by)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain.Reveal())
}
