package server

import (
	"maps"
	"slices"

	"sealform/internal/config"
	"sealform/internal/outward"
	"sealform/internal/webhook"
)

// WebhookSecret is derived for each name: nothing to keep, and as secret as the folder of secrets.
func WebhookSecret(key func(string) []byte, name string) []byte { return key("webhook " + name) }

// newCaller makes what calls the webhooks; nil where there are none.
func (s *Server) newCaller() (*webhook.Caller, error) {
	var all []webhook.Hook
	for _, name := range slices.Sorted(maps.Keys(s.Config.Webhooks)) {
		w := s.Config.Webhooks[name]
		all = append(all, webhook.Hook{Name: name, URL: w.URL, Ciphertext: w.Ciphertext, Secret: WebhookSecret(s.secrets.Key, name)})
	}
	if len(all) == 0 {
		return nil, nil
	}
	return webhook.New(Outward(s.Outward, s.Config), all...)
}

// Outward is what calls others: the configuration says which inside addresses it may.
func Outward(how outward.Config, c *config.Config) *outward.Client {
	how.Allow = slices.Concat(how.Allow, c.Outward)
	return outward.New(how)
}
