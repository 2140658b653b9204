package webhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"sealform/internal/outward"
	"sealform/internal/outward/outwardtest"
	"sealform/internal/webhook"
	"sealform/keys"
	"sealform/keys/private/privatetest"
)

var secret = bytes.Repeat([]byte("s"), 24)

// receiver is another program, with a certificate for crm.example.
type receiver struct {
	*httptest.Server
	status int
	answer string
	got    []request
}

type request struct {
	header http.Header
	body   []byte
	path   string
}

func newReceiver(t *testing.T) (*receiver, *outward.Client, string) {
	t.Helper()
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.got = append(r.got, request{q.Header.Clone(), body, q.Method + " " + q.URL.Path})
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, r.answer)
	}))
	cert, pool := outwardtest.Certificate(t, time.Now(), "crm.example")
	r.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	t.Cleanup(r.Close)
	_, port, _ := net.SplitHostPort(r.Listener.Addr().String())
	client := outward.New(outward.Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Roots: pool,
		Resolver: outwardtest.Resolver(t, outwardtest.Names{"crm.example": {{"127.0.0.1"}}}),
	})
	return r, client, "https://crm.example:" + port + "/hook"
}

func caller(t *testing.T, c *outward.Client, hooks ...webhook.Hook) *webhook.Caller {
	t.Helper()
	all, err := webhook.New(c, hooks...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func event() *webhook.Event {
	return &webhook.Event{
		ID: "msg_0123", Type: "submission.received", At: time.Date(2026, 11, 21, 9, 30, 0, 7, time.FixedZone("", 3600)),
		Form: "new-patient", Reference: "R7K-4Q2", Address: "https://staff.clinic.example/go/42", Number: 42,
	}
}

func message(t *testing.T) []byte {
	t.Helper()
	signer, _ := privatetest.Signer(t)
	to := privatetest.Recipients(t, privatetest.Key(t, "Dana <dana@clinic.example>", "x"))
	sealed, err := to.Seal(keys.NewPlaintext([]byte("I am ill")), signer, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := sealed.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func code(t *testing.T, err error) outward.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *outward.Error
	if !errors.As(err, &e) || errors.Unwrap(err) != nil {
		t.Fatalf("%v (%T) is more than a code", err, err)
	}
	return e.Code
}

// TestVector holds the library against the example of the specification, and against the words of the specification.
func TestVector(t *testing.T) {
	const spec, payload = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", `{"test": 2432232314}`
	w, err := standardwebhooks.NewWebhook(spec)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(payload))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("%s, want %s: %v", got, want, err)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(spec, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, raw)
	_, _ = io.WriteString(mac, "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330."+payload)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if webhook.EncodeSecret(raw) != spec {
		t.Errorf("the secret is written as %s", webhook.EncodeSecret(raw))
	}
}

// TestCall: the body is a closed list, and the receiver's own library verifies what arrives.
// covers ML09
func TestCall(t *testing.T) {
	r, client, url := newReceiver(t)
	c := caller(t, client, webhook.Hook{Name: "crm", URL: url, Secret: secret})
	e := event()
	e.Sealed = message(t) // this hook does not get it
	if err := c.Call(t.Context(), "crm", e); err != nil {
		t.Fatal(err)
	}
	q := r.got[0]
	want := `{"type":"submission.received","timestamp":"2026-11-21T08:30:00Z","data":{"form":"new-patient","reference":"R7K-4Q2","number":42,"address":"https://staff.clinic.example/go/42"}}`
	if diff := cmp.Diff(want, string(q.body)); diff != "" || q.path != "POST /hook" || q.header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %s", q.path, diff)
	}
	verifier, err := standardwebhooks.NewWebhook(webhook.EncodeSecret(secret))
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify(q.body, q.header); err != nil {
		t.Errorf("the receiver does not believe it: %v", err)
	}
	if err := verifier.Verify(append(q.body, ' '), q.header); err == nil {
		t.Error("a changed body is believed")
	}
	if q.header.Get("webhook-id") != "msg_0123" {
		t.Errorf("id %q", q.header.Get("webhook-id"))
	}
}

// TestRepeats: a later attempt has the same id and body, and a time of its own, or receivers would find it too old.
// covers ML09
func TestRepeats(t *testing.T) {
	r, client, url := newReceiver(t)
	c := caller(t, client, webhook.Hook{Name: "crm", URL: url, Secret: secret})
	now := time.Date(2026, 11, 21, 9, 31, 0, 0, time.UTC)
	c.Now = func() time.Time { return now }
	for range 2 {
		if err := c.Call(t.Context(), "crm", event()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(4 * time.Hour)
	}
	first, again := r.got[0], r.got[1]
	if first.header.Get("webhook-id") != again.header.Get("webhook-id") || !bytes.Equal(first.body, again.body) {
		t.Error("a repeat cannot be told")
	}
	if first.header.Get("webhook-timestamp") != "1795253460" || again.header.Get("webhook-timestamp") != "1795267860" {
		t.Errorf("times %s and %s", first.header.Get("webhook-timestamp"), again.header.Get("webhook-timestamp"))
	}
	verifier, err := standardwebhooks.NewWebhookRaw(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range r.got {
		if err := verifier.VerifyIgnoringTimestamp(q.body, q.header); err != nil {
			t.Error(err)
		}
	}
}

// TestCiphertext: a hook that asked for it gets the sealed message, and nobody anything that is not one.
// covers ML05 ML09
func TestCiphertext(t *testing.T) {
	r, client, url := newReceiver(t)
	c := caller(t, client, webhook.Hook{Name: "archive", URL: url, Secret: secret, Ciphertext: true})
	e := event()
	e.Sealed = message(t)
	if err := c.Call(t.Context(), "archive", e); err != nil {
		t.Fatal(err)
	}
	var body struct{ Data struct{ Sealed []byte } }
	if err := json.Unmarshal(r.got[0].body, &body); err != nil || !bytes.Equal(body.Data.Sealed, e.Sealed) {
		t.Errorf("the sealed message did not arrive: %v", err)
	}
	for _, clear := range []string{"I am ill", "", "\xC1"} {
		e.Sealed = []byte(clear)
		if err := c.Call(t.Context(), "archive", e); code(t, err) != "not_sealed" {
			t.Errorf("%q in place of a sealed message: %v", clear, err)
		}
	}
	if len(r.got) != 1 {
		t.Errorf("%d requests arrived", len(r.got))
	}
	if !c.Wants("archive") || c.Wants("crm") {
		t.Error("who wants ciphertext is not known")
	}
}

func TestTest(t *testing.T) {
	r, client, url := newReceiver(t)
	c := caller(t, client, webhook.Hook{Name: "crm", URL: url, Secret: secret})
	if err := c.Call(t.Context(), "crm", &webhook.Event{ID: "a-1", Type: "test", At: event().At}); err != nil {
		t.Fatal(err)
	}
	if want := `{"type":"test","timestamp":"2026-11-21T08:30:00Z","data":{}}`; string(r.got[0].body) != want {
		t.Errorf("%s", r.got[0].body)
	}
}

// TestAnswers: the status becomes a code, and nothing of what the server says goes further.
func TestAnswers(t *testing.T) {
	r, client, url := newReceiver(t)
	c := caller(t, client, webhook.Hook{Name: "crm", URL: url, Secret: secret})
	r.answer = "internal error at db.crm.example: password hunter2"
	for status, want := range map[int]outward.Code{200: "", 202: "", 400: "answered_400", 401: "answered_401", 410: "answered_410", 429: "answered_429", 500: "answered_500", 302: "redirect"} {
		r.status = status
		err := c.Call(t.Context(), "crm", event())
		if code(t, err) != want {
			t.Errorf("%d: %v", status, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "crm")) {
			t.Errorf("%d: %q says too much", status, err)
		}
	}
}

func TestNobodyIsCalled(t *testing.T) {
	r, client, url := newReceiver(t)
	c := caller(t, client, webhook.Hook{Name: "crm", URL: url, Secret: secret}, webhook.Hook{Name: "inner", URL: "https://10.0.0.1/", Secret: secret})
	if err := c.Call(t.Context(), "other", event()); code(t, err) != "unknown_hook" {
		t.Errorf("unknown: %v", err)
	}
	if err := c.Call(t.Context(), "inner", event()); code(t, err) != "inside" {
		t.Errorf("inside: %v", err)
	}
	for name, change := range map[string]func(*webhook.Event){
		"no id":      func(e *webhook.Event) { e.ID = "" },
		"dot in id":  func(e *webhook.Event) { e.ID = "a.1" },
		"line in id": func(e *webhook.Event) { e.ID = "a\r\nx: y" },
		"long id":    func(e *webhook.Event) { e.ID = strings.Repeat("a", 129) },
		"other type": func(e *webhook.Event) { e.Type = "submission.opened" },
		"no time":    func(e *webhook.Event) { e.At = time.Time{} },
	} {
		e := event()
		change(e)
		if err := c.Call(t.Context(), "crm", e); code(t, err) != "bad_event" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.Call(t.Context(), "crm", nil); code(t, err) != "bad_event" {
		t.Errorf("nothing: %v", err)
	}
	if len(r.got) != 0 {
		t.Errorf("%d requests arrived", len(r.got))
	}
}

func TestNewRefuses(t *testing.T) {
	client := outward.New(outward.Config{})
	good := webhook.Hook{Name: "crm", URL: "https://crm.example/hook", Secret: secret}
	if _, err := webhook.New(client, good); err != nil {
		t.Fatal(err)
	}
	if _, err := webhook.New(client, good, good); err == nil {
		t.Error("the same name twice")
	}
	if _, err := webhook.New(nil, good); err == nil {
		t.Error("without a client")
	}
	for name, change := range map[string]func(*webhook.Hook){
		"no name":         func(h *webhook.Hook) { h.Name = "" },
		"capitals":        func(h *webhook.Hook) { h.Name = "CRM" },
		"a space":         func(h *webhook.Hook) { h.Name = "c r m" },
		"a line":          func(h *webhook.Hook) { h.Name = "crm\n" },
		"a long name":     func(h *webhook.Hook) { h.Name = strings.Repeat("a", 65) },
		"no url":          func(h *webhook.Hook) { h.URL = "" },
		"http":            func(h *webhook.Hook) { h.URL = "http://crm.example/hook" },
		"user in the url": func(h *webhook.Hook) { h.URL = "https://u:hunter2@crm.example/hook" },
		"no secret":       func(h *webhook.Hook) { h.Secret = nil },
		"short secret":    func(h *webhook.Hook) { h.Secret = h.Secret[:23] },
		"long secret":     func(h *webhook.Hook) { h.Secret = make([]byte, 65) },
	} {
		h := good
		change(&h)
		if _, err := webhook.New(client, h); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
