// Package intake is the public program: it shows a form, takes a form, and nothing else.
package intake

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"sealform/forms"
	"sealform/internal/event"
	"sealform/internal/spool"
	"sealform/internal/token"
	"sealform/keys"
)

// Drop keeps submissions: it returns after the commit is on disk. See forms.Kept for what it may answer.
type Drop interface {
	Put(ctx context.Context, s *forms.Submission) (forms.Kept, error)
}

// Config is all that intake needs.
type Config struct {
	Service string
	Hosts   []string // names it answers to, with port where not the scheme's own
	Forms   []Served
	Drop    Drop
	Signer  *keys.Signer
	Tokens  *token.Maker
	Spool   *spool.Spool
	Events  *event.Log
	Now     func() time.Time
	Proxies []netip.Prefix // whose X-Forwarded-For/-Proto are believed; then plain HTTP behind them is TLS outside
}

// Served is one form with its readers.
type Served struct {
	Form    *forms.Form
	Older   map[forms.Revision]*forms.Form   // earlier revisions still known
	Readers func() (*keys.Recipients, error) // an error closes the form
}

func New(c Config) (http.Handler, error) { panic("contract") }
