package config

import (
	"fmt"
	"regexp"

	"sealform/internal/outward"
	"sealform/internal/yamltree"
)

// Webhook is an address that the operator wants called.
type Webhook struct {
	URL        string
	Ciphertext bool // it is sent the sealed answers, not ids alone
}

// hookName is the pattern of a webhook's name, by which forms call it.
var hookName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

func (c *Config) webhooksFrom(m *yamltree.Mapping) {
	c.Webhooks = map[string]Webhook{}
	for _, name := range m.Names() {
		h := m.Mapping(name)
		h.In(fmt.Sprintf("webhook %q", name))
		if !hookName.MatchString(name) {
			m.FaultAtName(name, fmt.Sprintf("%q can't be a webhook's name", name), "Use lower-case letters, digits and dashes, a letter first.")
		}
		h.Need("url", "Say what to call: url: https://crm.example.org/hook")
		w := Webhook{URL: h.Text("url"), Ciphertext: choice(h, "send", "ids", "ciphertext") == "ciphertext"}
		if w.URL != "" && outward.CheckURL(w.URL) != nil {
			h.Fault("url", "url must be https://, a host and a path, without a user name", "")
		}
		h.Refuse("secret", "is not given here: each webhook has its own, derived from this service's secrets", "Remove it, and see it with: sealform webhooks secret "+name)
		c.Webhooks[name] = w
		h.Done()
	}
}
