package server

import (
	"maps"
	"slices"
	"time"

	"sealform/forms"
	"sealform/internal/config"
	"sealform/internal/notice"
	"sealform/internal/outbox"
	"sealform/internal/outward"
	"sealform/internal/readers"
	"sealform/internal/webhook"
	"sealform/viewer"
)

// openOutbox wires the queue to the relay and the webhooks, in a process that delivers.
func (s *Server) openOutbox() error {
	if !s.runs(Deliver) {
		return nil
	}
	c := outbox.Config{
		Store: s.store, Now: s.now, Events: s.events,
		Messages: outbox.Messages{From: s.config.Mail.From, Words: s.config.Notices, Alarms: s.config.Alarms, Ending: s.ends, Closed: s.readers.Closed, Zone: s.config.Zone, SeriesKey: s.secrets.Key("mail series")},
		Limits:   outbox.Limits{Keep: s.config.Mail.Keep, InDoubt: s.config.Mail.InDoubt},
	}
	for _, f := range s.forms {
		of := outbox.Form{ID: f.ID, Notify: notified(f), Mails: readers.MailedTo(f)}
		if f.Receipt != nil {
			of.Receipt = f.Receipt.Text
		}
		c.Forms = append(c.Forms, of)
	}
	var err error
	if c.Link, err = s.links(); err != nil {
		return err
	}
	c.Address = s.receipts.Open
	hooks, err := s.newCaller()
	if err != nil {
		return err
	}
	if hooks != nil {
		c.Call, c.Wants = hooks.Call, hooks.Wants
	}
	if s.relay != nil {
		c.Send, c.Note, c.Probe = s.relay.Send, s.relay.Note, s.probe
	}
	if s.relay != nil || hooks != nil {
		s.outbox = outbox.New(c)
	}
	return nil
}

// links gives addresses into the staff pages, as mails may name them.
func (s *Server) links() (func(string, int64) string, error) {
	var ids []string
	for _, f := range s.forms {
		ids = append(ids, f.ID)
	}
	paths, err := viewer.NewPaths(s.config.Service, ids, s.secrets.Key)
	if err != nil {
		return nil, err
	}
	origin := "https://" + s.config.Viewer.Hosts[0]
	return func(form string, submission int64) string { return origin + paths.Go(form, submission) }, nil
}

// notified are the addresses that are told that something came.
func notified(f *forms.Form) []notice.Notify {
	all := f.Notify
	if f.Mail != nil {
		for _, to := range f.Mail.To {
			if to.Level == forms.Notice {
				all = append(all[:len(all):len(all)], notice.Notify{Email: to.Address})
			}
		}
	}
	return all
}

// ends says when keys and certificates in use end.
func (s *Server) ends(now time.Time) []notice.Ending {
	all := s.readers.Ends(now)
	if s.smime != nil && !s.smime.Expires().IsZero() {
		all = append(all, notice.Ending{Name: "the certificate that signs S/MIME mail", At: s.smime.Expires()})
	}
	return all
}

// WebhookSecret is derived for each name: nothing to keep, and as secret as the folder of secrets.
func WebhookSecret(key func(string) []byte, name string) []byte { return key("webhook " + name) }

// newCaller makes what calls the webhooks; nil where there are none.
func (s *Server) newCaller() (*webhook.Caller, error) {
	var all []webhook.Hook
	for _, name := range slices.Sorted(maps.Keys(s.config.Webhooks)) {
		w := s.config.Webhooks[name]
		all = append(all, webhook.Hook{Name: name, URL: w.URL, Ciphertext: w.Ciphertext, Secret: WebhookSecret(s.secrets.Key, name)})
	}
	if len(all) == 0 {
		return nil, nil
	}
	return webhook.New(Outward(s.outward, s.config), all...)
}

// Outward is the client that calls other servers: the configuration says which inside addresses it may.
func Outward(how outward.Config, c *config.Config) *outward.Client {
	how.Allow = slices.Concat(how.Allow, c.Outward)
	return outward.New(how)
}
