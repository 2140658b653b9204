package viewer

import (
	"fmt"
	"sync"
	"time"

	"sealform/internal/limit"
	"sealform/internal/token"
)

const alarmAfter = 10 // wrong key passwords in a row

var unlockGrowth = limit.Growth{Free: 4, First: 30 * time.Second, Most: time.Hour}

// desk is the code that may act.
type desk struct {
	Config
	forms     map[string]Served // those that are kept
	order     []string          // their ids as configured
	every     []Served          // with those that are only mailed
	paths     *Paths
	pages     *token.Maker // of lists
	jobs      *token.Maker // of deliveries
	turns     limit.Turns  // one at a time for a delivery or a webhook
	revisions sync.Map     // of earlier questions, see Desk.questions
}

func newDesk(c Config) (*desk, error) {
	if err := c.faults(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	d := &desk{
		Config: c, forms: map[string]Served{}, every: c.Forms,
	}
	return d, d.serve(c.Forms)
}

// serve takes the forms in, in their order. Of what a form only mails, there is nothing but the deliveries here.
func (d *desk) serve(all []Served) (err error) {
	if d.pages, err = token.New(d.Key("viewer-urls"), d.Service, d.Now); err != nil {
		return fmt.Errorf("the key of the viewer's addresses: %w", err)
	}
	if d.jobs, err = token.New(d.Key("viewer-deliveries"), d.Service, d.Now); err != nil {
		return fmt.Errorf("the key of the deliveries' addresses: %w", err)
	}
	for _, f := range all {
		if f.Form.Store != nil {
			d.forms[f.Form.ID] = f
			d.order = append(d.order, f.Form.ID)
		}
	}
	d.paths, err = NewPaths(d.Service, d.order, d.Key)
	return err
}
