// Package webhook tells other programs that something came, by Standard Webhooks (standardwebhooks.com): ids only, or
// ciphertext; never anything readable.
//
//	c, err := webhook.New(client, webhook.Hook{Name: "crm", URL: "https://crm.clinic.example/hook", Secret: secret})
//	err = c.Call(ctx, "crm", &webhook.Event{ID: id, Type: "submission.received", At: received, Form: "new-patient", …})
//
// A request carries webhook-id, webhook-timestamp and webhook-signature: HMAC-SHA256 of id, time of the attempt and
// body, under a secret that this hook alone has. A receiver checks it before it believes anything, and drops an id that
// it has seen. The body:
//
//	{"type": "submission.received", "timestamp": "2026-11-21T09:30:00Z",
//	 "data": {"form": "new-patient", "reference": "R7K-4Q2", "number": 42, "address": "https://staff…/go/…", "sealed": "wV4D…"}}
//
// sealed, an OpenPGP message in base64, goes to hooks that asked for it, and only if it is one. Calls go through package
// outward; what a receiver answers beyond its status is told to nobody.
package webhook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"sealform/internal/outward"
	"sealform/keys"
)

// Hook is one that the operator configured.
type Hook struct {
	Name       string
	URL        string // https
	Secret     []byte // 24 to 64 bytes
	Ciphertext bool   // send the sealed answers along
}

// Event is what happened. The same event has the same ID on every attempt, so that receivers can tell repeats.
type Event struct {
	ID        string // header webhook-id: letters, digits, "_" and "-"
	Type      string // "submission.received" or "test"
	At        time.Time
	Form      string
	Reference string
	Address   string // of the submission in the staff pages
	Number    int64
	Sealed    []byte // binary OpenPGP message; nil: not sent
}

// Caller calls hooks by name. Several goroutines may use it.
type Caller struct {
	Now func() time.Time // of attempts

	client *outward.Client
	hooks  map[string]Hook
}

const (
	leastSecret = 24
	mostSecret  = 64
)

var hookName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// New checks the hooks; it calls nobody.
func New(c *outward.Client, hooks ...Hook) (*Caller, error) {
	if c == nil {
		return nil, errors.New("webhooks need a client")
	}
	all := make(map[string]Hook, len(hooks))
	for _, h := range hooks {
		switch _, twice := all[h.Name]; {
		case !hookName.MatchString(h.Name):
			return nil, errors.New("a webhook's name has lower-case letters, digits, dots and dashes, at most 64")
		case twice:
			return nil, fmt.Errorf("webhook %s is there twice", h.Name)
		case outward.CheckURL(h.URL) != nil:
			return nil, fmt.Errorf("webhook %s: its url must be https://, a host and a path, without a user name", h.Name)
		case len(h.Secret) < leastSecret || len(h.Secret) > mostSecret:
			return nil, fmt.Errorf("webhook %s: its secret has %d bytes, and %d to %d are needed", h.Name, len(h.Secret), leastSecret, mostSecret)
		}
		all[h.Name] = h
	}
	return &Caller{Now: time.Now, client: c, hooks: all}, nil
}

// Wants says whether the hook of that name gets ciphertext; false too where there is none.
func (c *Caller) Wants(name string) bool { return c.hooks[name].Ciphertext }

// EncodeSecret is how a secret is given to the receiver: "whsec_" and base64.
func EncodeSecret(secret []byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(secret)
}

// Call signs and posts. Errors are *outward.Error; an unknown name is code "unknown_hook", an event that is not whole
// "bad_event", and one whose Sealed is no sealed message "not_sealed": then nobody was called.
func (c *Caller) Call(ctx context.Context, name string, e *Event) error {
	h, known := c.hooks[name]
	if !known {
		return &outward.Error{Code: "unknown_hook"}
	}
	body, err := encode(e, h.Ciphertext)
	if err != nil {
		return err
	}
	header, err := sign(h.Secret, e.ID, c.Now(), body)
	if err != nil {
		return err
	}
	return c.client.Post(ctx, h.URL, header, body)
}

// payload is a request's body: a closed list of ids, and ciphertext.
type payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Form      string `json:"form,omitempty"`
	Reference string `json:"reference,omitempty"`
	Number    int64  `json:"number,omitempty"`
	Address   string `json:"address,omitempty"`
	Sealed    []byte `json:"sealed,omitempty"` // base64 (RFC 4648 §4)
}

// plainID keeps the signed text unambiguous: it joins id, time and body by dots.
var plainID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// encode writes the body. The same event gives the same bytes on every attempt.
func encode(e *Event, ciphertext bool) ([]byte, error) {
	if e == nil || !plainID.MatchString(e.ID) || e.At.IsZero() || e.Type != "submission.received" && e.Type != "test" {
		return nil, &outward.Error{Code: "bad_event"}
	}
	p := payload{Type: e.Type, Timestamp: e.At.UTC().Truncate(time.Second), Data: data{Form: e.Form, Reference: e.Reference, Number: e.Number, Address: e.Address}}
	if ciphertext && e.Sealed != nil {
		if _, err := keys.ParseSealed(e.Sealed); err != nil {
			return nil, &outward.Error{Code: "not_sealed"}
		}
		p.Data.Sealed = e.Sealed
	}
	b, err := json.Marshal(p)
	if err != nil {
		return nil, &outward.Error{Code: "bad_event"}
	}
	return b, nil
}

// sign gives the headers of one attempt. Receivers refuse an old time, so it is the attempt's and not the event's.
func sign(secret []byte, id string, at time.Time, body []byte) (http.Header, error) {
	w, err := standardwebhooks.NewWebhookRaw(secret)
	if err != nil {
		return nil, &outward.Error{Code: "bad_event"}
	}
	signature, err := w.Sign(id, at, body)
	if err != nil {
		return nil, &outward.Error{Code: "bad_event"}
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set(standardwebhooks.HeaderWebhookID, id)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return header, nil
}
