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
	kept      []Served // the forms whose submissions are kept, in their order; of others there are deliveries only
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
	d := &desk{Config: c}
	var ids []string
	for _, f := range c.Forms {
		if f.Form.Store != nil {
			d.kept, ids = append(d.kept, f), append(ids, f.Form.ID)
		}
	}
	var err error
	if d.pages, err = token.New(d.Key("viewer-urls"), d.Service, d.Now); err != nil {
		return nil, fmt.Errorf("the key of the viewer's addresses: %w", err)
	}
	if d.jobs, err = token.New(d.Key("viewer-deliveries"), d.Service, d.Now); err != nil {
		return nil, fmt.Errorf("the key of the deliveries' addresses: %w", err)
	}
	d.paths, err = NewPaths(d.Service, ids, d.Key)
	return d, err
}
