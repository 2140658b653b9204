// Package viewer is the staff program: sign in, unlock, inbox, open, files.
package viewer

import (
	"net/http"
	"net/netip"
	"time"

	"sealform/forms"
	"sealform/internal/event"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
)

// Config is all that the viewer needs.
type Config struct {
	Service   string
	Name      string // the clinic's, on every page
	Accent    string // "#0b6e69"; "" for ours
	Hosts     []string
	Store     *store.Store
	Forms     []Served
	Vault     *private.Vault
	Verifiers *keys.Verifiers
	Key       func(purpose string) []byte // HKDF of the root secret, 32 bytes
	Zone      *time.Location
	Now       func() time.Time
	Events    *event.Log
	Proxies   []netip.Prefix
}

// Served is one form and whose keys it is sealed to now.
type Served struct {
	Form    *forms.Form
	Readers []keys.Fingerprint
}

func New(c Config) (http.Handler, error) { panic("contract") }
