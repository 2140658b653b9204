package viewer

import (
	"fmt"
	"time"

	"sealform/internal/token"
)

// Paths makes the addresses of submissions in the staff pages, and reads them. A submission's number is sealed under a key
// of its form, so that its address cannot be guessed or counted through, and is good for its form alone.
type Paths struct {
	sids map[string]*token.Maker // by form
}

// NewPaths takes what the viewer is configured with: the service id, the ids of the forms that are kept, and Config.Key.
func NewPaths(service string, forms []string, key func(purpose string) []byte) (*Paths, error) {
	p := &Paths{sids: map[string]*token.Maker{}}
	for _, id := range forms {
		var err error
		if p.sids[id], err = token.New(key("viewer-urls/"+id), service, time.Now); err != nil {
			return nil, fmt.Errorf("the key of a form's addresses: %w", err)
		}
	}
	return p, nil
}

// Go is the path that a mail may link to, "/go/…": it reads no cookie and moves on to the submission, or to the inbox where
// the number is 0 or the form is not kept.
func (p *Paths) Go(form string, submission int64) string {
	m, ok := p.sids[form]
	if !ok || submission == 0 {
		return "/go/inbox"
	}
	return "/go/" + m.SealID(submission)
}

// submission is where one stands; "" where the form is not kept.
func (p *Paths) submission(form string, id int64) string {
	m, ok := p.sids[form]
	if !ok {
		return ""
	}
	return "/s/" + m.SealID(id)
}

// open reads what submission wrote behind "/s/", for that form.
func (p *Paths) open(form, sid string) (id int64, ok bool) {
	if m, there := p.sids[form]; there {
		return m.OpenID(sid)
	}
	return 0, false
}

// onward is where "/go/…" leads, whoever asks: to a submission's address if it is one of ours, else to the inbox.
func (p *Paths) onward(sid string) string {
	for _, m := range p.sids {
		if _, ok := m.OpenID(sid); ok {
			return "/s/" + sid
		}
	}
	return "/inbox"
}
