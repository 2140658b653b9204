package webhook

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"sealform/internal/outward"
	"sealform/keys"
)

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
