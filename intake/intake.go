// Package intake is the public program: it shows a form, takes a form, and nothing else.
//
//	GET  /                    the forms that can be filled in
//	GET  /f/{form}            a form
//	POST /f/{form}            its answers; 303 to the receipt once they are kept
//	GET  /f/{form}/sent/{…}   the receipt, under an address that only we can make
//	GET  /assets/{…}          style sheets, under names that carry their hash
//	GET  /livez, /readyz      for whoever watches the process
//
// A post is read as a stream, within limits that hold before anything is allocated; files wait in the spool, sealed
// under keys in memory. What is not in order comes back as the same page with all that was typed. What is in order is
// sealed to the form's readers and given to the Drop, and only when that says it is kept does anyone read "received".
//
// What becomes of a post is an Outcome, which the desk decides and which knows nothing of pages.
//
// A form that is only mailed takes no more than the relay does; what is beyond comes back with all that was typed too.
//
// It sets no cookie and reads none, takes no answer from an address, follows nobody's redirect and calls nobody. A
// form may be posted from any site: that is its purpose, and the post gains nothing from who the visitor is. It
// knows readers' public keys only. If sealing fails for any reason the form is closed; nothing is kept unsealed.
package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/internal/event"
	"sealform/internal/sealedaddress"
	"sealform/internal/spool"
	"sealform/internal/token"
	"sealform/internal/web"
	"sealform/keys"
	"sealform/templates"
)

// Drop keeps submissions: it returns after the commit is on disk. record.Kept and the errors beside it are its answers.
type Drop interface {
	Put(ctx context.Context, s *record.Submission) (record.Kept, error)
}

// Config is all that intake needs: what no comment says may be left out must be there.
type Config struct {
	Service  string
	Hosts    []string // names it answers to, with port where not the scheme's own
	Forms    []Served
	Drop     Drop
	Signer   *keys.Signer
	MailFrom string // sender of forms that are mailed; needed if any is
	// MailLimit is how many bytes of a message the relay takes, 0 where that is not known. It is asked
	// for each page and post and must answer from memory: intake waits for nobody.
	MailLimit func() int64
	// Receipt seals the address of a visitor who is mailed a receipt, for that submission; needed if a form mails them.
	Receipt func(submission int64, address []byte) *sealedaddress.Address
	Tokens  *token.Maker
	Spool   *spool.Spool
	Events  *event.Log
	Now     func() time.Time
	Zone    *time.Location // of the times on receipts
	Proxies []netip.Prefix // whose X-Forwarded-For/-Proto are believed; then plain HTTP behind them is TLS outside
	Kept    func()         // called after each submission that was kept: a notice may be due
	Ready   func() error   // asked by /readyz; nil: there is no such probe
}

// Served is one form with its readers.
type Served struct {
	Form    *forms.Form
	Older   map[forms.Revision]*forms.Form  // earlier revisions still known
	Readers func() (*record.Readers, error) // an error closes the form
}

// New checks c and builds the handler. It answers over TLS only, be it its own or that of a trusted proxy.
func New(c Config) (http.Handler, error) {
	in, err := newIntake(c)
	if err != nil {
		return nil, fmt.Errorf("intake: %w", err)
	}
	e := echo.New()
	e.HTTPErrorHandler = in.showError
	e.Use(named)
	in.routes(e)
	return in.around(e), nil
}

// intake holds the state that all handlers share: the forms, the desk, the edge.
type intake struct {
	Config
	desk   *desk
	forms  map[string]*served
	order  []*served
	edge   web.Edge
	broken []byte // the page for when a page fails, rendered once
}

func newIntake(c Config) (*intake, error) {
	for what, missing := range map[string]bool{
		"service id": c.Service == "", "drop": c.Drop == nil, "signer": c.Signer == nil, "tokens": c.Tokens == nil, "spool": c.Spool == nil,
	} {
		if missing {
			return nil, errors.New("no " + what)
		}
	}
	in := &intake{Config: c, desk: &desk{c}, forms: map[string]*served{}}
	for _, f := range c.Forms {
		if err := in.serve(f); err != nil {
			return nil, err
		}
	}
	hosts, err := web.NewHosts(c.Hosts)
	if err != nil {
		return nil, err
	}
	in.edge = web.Edge{
		Program: program, Hosts: hosts, Peers: web.Peers{Proxies: c.Proxies}, Events: c.Events, Ready: c.Ready,
		WrongName: in.wrongName, Failed: in.showFailed,
	}
	var broken bytes.Buffer
	if err := in.failed("").Render(&broken); err != nil {
		return nil, fmt.Errorf("the page for failures: %w", err)
	}
	in.broken = broken.Bytes()
	return in, nil
}

func (in *intake) serve(f Served) error {
	s, err := newServed(f)
	switch {
	case err != nil:
		return err
	case in.forms[f.Form.ID] != nil:
		return errors.New("form " + f.Form.ID + " is served twice")
	case f.Form.Receipt != nil && in.Receipt == nil:
		return errors.New("form " + f.Form.ID + " mails receipts, and nothing seals their addresses")
	}
	in.forms[f.Form.ID] = s
	in.order = append(in.order, s)
	return nil
}

func (in *intake) routes(e *echo.Echo) {
	show := func(path string, h echo.HandlerFunc) {
		e.GET(path, h)
		e.HEAD(path, h)
	}
	show("/", in.list)
	show("/f/:form", in.of(in.showForm))
	e.POST("/f/:form", in.of(in.takeForm))
	show("/f/:form/sent/:receipt", in.of(in.showReceipt))
	show("/f/:form/brand/:sheet", in.of(in.brandSheet))
	show("/assets/*", in.asset)
}

// named tells the edge which route serves a request.
func named(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Request().Pattern = c.Path()
		return next(c)
	}
}

// asset serves what all pages share.
func (in *intake) asset(c echo.Context) error {
	return found(templates.ServeAsset(c.Response(), c.Request()))
}

// found is the error of an address at which nothing is served.
func found(served bool) error {
	if !served {
		return echo.ErrNotFound
	}
	return nil
}
