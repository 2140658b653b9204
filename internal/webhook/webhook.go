// Package webhook tells other programs that something came, by Standard Webhooks (standardwebhooks.com): ids only, or
// ciphertext; never anything readable.
package webhook

import (
	"context"
	"time"

	"sealform/internal/outward"
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
	ID        string // header webhook-id
	Type      string // "submission.received" or "test"
	At        time.Time
	Form      string
	Reference string
	Address   string // of the submission in the staff pages
	Number    int64
	Sealed    []byte // binary OpenPGP message; nil: not sent
}

// Caller calls hooks by name.
type Caller struct {
	client *outward.Client
	hooks  map[string]Hook
}

// New checks the hooks; it calls nobody.
func New(c *outward.Client, hooks ...Hook) (*Caller, error) { panic("contract") }

// Call signs and posts. Errors are *outward.Error; an unknown name is code "unknown-hook".
func (c *Caller) Call(ctx context.Context, name string, e *Event) error { panic("contract") }

// Wants says whether the hook of that name gets ciphertext; false too where there is none.
func (c *Caller) Wants(name string) bool { return c.hooks[name].Ciphertext }

// EncodeSecret is how a secret is given to the receiver: "whsec_" and base64.
func EncodeSecret(secret []byte) string { panic("contract") }
