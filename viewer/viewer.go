// Package viewer is the staff program: sign in, unlock, inbox, open, files, erase.
//
// A handler reads the request, makes one call on the desk, and renders a page. Each route says
// how far its asker must have signed in (routes.go); who asks is found out once, by package
// staff, and handed on as an argument. The desk is the code that may act and knows no HTTP: it
// holds the store and the vault, and every method takes who asks right after the context.
// There is one authorisation function, staff.Staff.MayOpen; what it refuses looks exactly like
// what does not exist.
//
// Where keys and data live: the unlocked key stays in the vault, encrypted under a half
// that only the reader's browser holds (cookie __Host-key), and is usable inside one
// vault call. Plaintext exists from there to the rendered page, in memory. Nothing here
// writes a file.
//
// What it refuses: any name that is not configured; requests without TLS; unsafe methods from
// other origins, and with our cookie but no word of their origin; reading on behalf of other
// sites and of prefetching; more sign-ins at once than the machine bears; and showing
// anything that is not on record first: no audit entry, no plaintext.
package viewer

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"sealform/forms"
	"sealform/internal/event"
	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
)

// Config is all that the viewer needs: what no comment says may be left out must be there.
type Config struct {
	Service   string // service id
	Name      string // the clinic's, on every page
	Accent    string // "#0b6e69"; "" for ours
	Hosts     []string
	Store     *store.Store
	Forms     []Served
	Sessions  *staff.Sessions // who is signed in; ending one locks its key in the vault
	Vault     *private.Vault
	Verifiers *keys.Verifiers
	Key       func(purpose string) []byte // HKDF of the root secret, 32 bytes
	Zone      *time.Location              // of the times on pages
	Now       func() time.Time
	Events    *event.Log
	Proxies   []netip.Prefix // whose X-Forwarded-For and -Proto are believed
	MailFrom  string         // what mail is sent from, as Message-IDs end in its domain; "": they are shown only where they are whole
	Webhooks  []string       // names of those that can be tested
	Nudge     func()         // called when a delivery is due at once
}

// Served is one form and whose keys it is sealed to now.
type Served struct {
	Form    *forms.Form
	Readers []keys.Fingerprint
}

// New makes the staff program. All faults of c come back together.
func New(c Config) (http.Handler, error) {
	d, err := newDesk(c)
	if err != nil {
		return nil, err
	}
	h, err := newHandlers(d)
	if err != nil {
		return nil, err
	}
	return h.handler(), nil
}

func (c Config) faults() error {
	var faults []error
	for _, f := range []struct {
		missing bool
		what    string
	}{
		{c.Service == "", "the service id"},
		{c.Name == "", "the name of the clinic"},
		{len(c.Hosts) == 0, "the host names"},
		{c.Store == nil, "the store"},
		{c.Sessions == nil, "the sessions"},
		{c.Vault == nil, "the vault"},
		{c.Verifiers == nil, "the server's signing keys"},
		{c.Key == nil, "the root secret"},
		{c.Events == nil, "the log"},
	} {
		if f.missing {
			faults = append(faults, fmt.Errorf("the viewer needs %s", f.what))
		}
	}
	return errors.Join(faults...)
}
