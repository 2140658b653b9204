package outbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"sealform/internal/audit"
	"sealform/internal/outward"
	"sealform/internal/outward/outwardtest"
	"sealform/internal/store"
	"sealform/internal/webhook"
	"sealform/keys"
)

// covers ML09: a receiver that checks signatures as the standard says gets ids alone, and tells repeats by their id.
func TestWebhookIsRetriedUnderOneID(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	secret := bytes.Repeat([]byte("s"), 32)
	verifier, err := standardwebhooks.NewWebhookRaw(secret)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	var bodies [][]byte
	receiver := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := verifier.Verify(body, r.Header); err != nil {
			t.Error(err)
		}
		ids, bodies = append(ids, r.Header.Get("webhook-id")), append(bodies, body)
		if len(ids) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	hooks := callerOf(t, receiver, secret)
	o := New(Config{Store: s, Now: c.now, Carriers: Carriers{Call: hooks.Call, Wants: hooks.Wants}})
	sub := arrive(t, s, c, arrival{stored: true, webhooks: []string{"crm", "gone"}})
	for range 4 {
		work(t, o)
		c.add(7 * time.Minute)
	}
	if len(ids) != 3 || ids[0] != ids[1] || ids[1] != ids[2] || !bytes.Equal(bodies[0], bodies[2]) {
		t.Errorf("called as %v", ids)
	}
	var body struct{ Data map[string]any }
	if err := json.Unmarshal(bodies[0], &body); err != nil || len(body.Data) != 3 || body.Data["reference"] != sub.Reference {
		t.Errorf("%s, %v", bodies[0], err)
	}
	waiting := jobs(t, s, store.Waiting, store.Webhook)
	if len(waiting) != 1 || waiting[0].To != "gone" || waiting[0].LastError != "unknown_hook" {
		t.Errorf("%+v", waiting)
	}
	sent := jobs(t, s, store.Sent, store.Webhook)
	if _, log, err := s.Job(t.Context(), sent[0].ID); err != nil || len(log) != 3 || log[0].Code != "answered_503" || log[2].Code != "ok" {
		t.Errorf("%+v, %v", log, err)
	}
}

// callerOf starts the receiver as crm.example and gives who calls it.
func callerOf(t *testing.T, receiver *httptest.Server, secret []byte) *webhook.Caller {
	t.Helper()
	certificate, pool := outwardtest.Certificate(t, time.Now(), "crm.example")
	receiver.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	receiver.Config.ErrorLog = log.New(io.Discard, "", 0)
	receiver.StartTLS()
	t.Cleanup(receiver.Close)
	_, port, _ := net.SplitHostPort(receiver.Listener.Addr().String())
	hooks, err := webhook.New(outward.New(outward.Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Roots: pool,
		Resolver: outwardtest.Resolver(t, outwardtest.Names{"crm.example": {{"127.0.0.1"}}}),
	}), webhook.Hook{Name: "crm", URL: "https://crm.example:" + port + "/hook", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return hooks
}

// Ids alone unless the operator wants the sealed answers along; the same id on every attempt.
func TestWebhook(t *testing.T) {
	c, to := newClock(), &taken{answer: errors.New("down")}
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	o := New(Config{
		Store: s, Now: c.now,
		Carriers: Carriers{Call: to.call, Wants: func(hook string) bool { return hook == "archive" }},
		Messages: Messages{Link: func(form string, id int64) string { return fmt.Sprintf("https://staff.example/go/%s-%d", form, id) }},
	})
	sub := arrive(t, s, c, arrival{stored: true, webhooks: []string{"crm", "archive"}})
	work(t, o)
	to.answer = nil
	c.add(2 * time.Minute)
	work(t, o)
	if len(to.events) != 4 {
		t.Fatalf("%d calls", len(to.events))
	}
	ids := map[string]int{}
	for _, e := range to.events {
		ids[e.ID]++
		if e.Type != "submission.received" || e.Form != "new-patient" || e.Reference != sub.Reference || e.Number != 1 || !e.At.Equal(sub.Received) ||
			e.Address != fmt.Sprintf("https://staff.example/go/new-patient-%d", sub.ID) {
			t.Errorf("%+v", e)
		}
		if e.Sealed != nil {
			if m, err := keys.ParseSealed(e.Sealed); err != nil || m.Kind() != sub.Answers.Kind() {
				t.Errorf("what was sent along: %v", err)
			}
		}
	}
	if len(ids) != 2 {
		t.Errorf("ids %v", ids)
	}
	if n := slices.IndexFunc(to.events, func(e *webhook.Event) bool { return e.Sealed != nil }); n < 0 {
		t.Error("nobody got the sealed answers")
	}
	if n := len(jobs(t, s, store.Sent, store.Webhook)); n != 2 {
		t.Errorf("%d sent", n)
	}
}

// What was erased while its webhook waited is named and not sent; a test names nothing.
func TestWebhookWithoutAnswers(t *testing.T) {
	c, to := newClock(), &taken{}
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	o := New(Config{Store: s, Now: c.now, Carriers: Carriers{Call: to.call, Wants: func(string) bool { return true }}})
	sub := arrive(t, s, c, arrival{stored: true, webhooks: []string{"crm"}})
	if err := s.Delete(t.Context(), sub.ID, "asked for", audit.Entry{Who: audit.Self}); err != nil {
		t.Fatal(err)
	}
	arrive(t, s, c, arrival{to: []string{"desk@clinic.example"}, webhooks: []string{"crm"}}) // mailed alone
	if _, err := s.Enqueue(t.Context(), store.Job{Channel: store.Webhook, To: "crm", About: `{"test":true}`}); err != nil {
		t.Fatal(err)
	}
	work(t, o)
	var types []string
	for _, e := range to.events {
		types = append(types, e.Type)
		if e.Sealed != nil || e.ID == "" || e.At.IsZero() {
			t.Errorf("%+v", e)
		}
	}
	if want := []string{"submission.received", "submission.received", "test"}; !slices.Equal(types, want) {
		t.Errorf("%v", types)
	}
}

// A webhook that hangs holds up no mail.
func TestAHookThatHangsHoldsUpNoMail(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	for range 20 {
		arrive(t, s, c, arrival{stored: true, webhooks: []string{"crm"}})
	}
	sink := newSink(nil)
	put(t, s, c, 10)
	_, stop := run(t, Config{Store: s, Now: c.now, Carriers: Carriers{Send: sink.send, Call: func(ctx context.Context, _ string, _ *webhook.Event) error {
		<-ctx.Done()
		return ctx.Err()
	}}, Limits: Limits{Grace: time.Millisecond}})
	sink.wait(t, 1)
	stop()
}
