package main

import (
	"context"
	"fmt"
	"regexp"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/outward"
	"sealform/internal/store"
	"sealform/internal/webhook"
	"sealform/internal/yamltree"
)

// webhookConfig is one address that the operator wants called.
type webhookConfig struct {
	URL        string
	Ciphertext bool
}

// hookName is what forms can name.
var hookName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

func (c *config) webhooksFrom(m *yamltree.Mapping) {
	c.Webhooks = map[string]webhookConfig{}
	for _, name := range m.Names() {
		h := m.Mapping(name)
		h.In(fmt.Sprintf("webhook %q", name))
		if !hookName.MatchString(name) {
			m.FaultAtName(name, fmt.Sprintf("%q can't be a webhook's name", name), "Use lower-case letters, digits and dashes, a letter first.")
		}
		h.Need("url", "Say what to call: url: https://crm.example.org/hook")
		w := webhookConfig{URL: h.Text("url"), Ciphertext: choice(h, "send", "ids", "ciphertext") == "ciphertext"}
		if w.URL != "" && outward.CheckURL(w.URL) != nil {
			h.Fault("url", "url must be https://, a host and a path, without a user name", "")
		}
		h.Refuse("secret", "is not given here: each webhook has its own, derived from this service's secrets", "Remove it, and see it with: sealform webhooks secret "+name)
		c.Webhooks[name] = w
		h.Done()
	}
}

// hookSecret is derived for each name: nothing to keep, and as secret as the folder of secrets.
func hookSecret(key func(string) []byte, name string) []byte { return key("webhook " + name) }

// newCaller makes what calls the webhooks; nil where there are none.
func (h *house) newCaller() (*webhook.Caller, error) {
	var all []webhook.Hook
	for _, name := range sortedKeys(h.cfg.Webhooks) {
		w := h.cfg.Webhooks[name]
		all = append(all, webhook.Hook{Name: name, URL: w.URL, Ciphertext: w.Ciphertext, Secret: hookSecret(h.secrets.Key, name)})
	}
	if len(all) == 0 {
		return nil, nil
	}
	return webhook.New(h.calls, all...)
}

func (p *program) webhooksCommand() *cli.Command {
	return &cli.Command{
		Name: "webhooks", Usage: "show and try the webhooks: other programs that are told when something came", Action: p.needsSubcommand,
		Commands: []*cli.Command{
			p.storeCommand("list", "show the webhooks of the configuration", "", p.webhooksList),
			p.storeCommand("secret", "show the secret that its receiver checks signatures with", "NAME", p.webhooksSecret),
			p.storeCommand("test", "have a test sent to it, the way that everything goes", "NAME", p.webhooksTest),
		},
	}
}

func (p *program) webhooksList(_ context.Context, o *office, _ *cli.Command) error {
	if len(o.cfg.Webhooks) == 0 {
		_, err := fmt.Fprintln(p.out, "No webhook is configured.")
		return err
	}
	for _, name := range sortedKeys(o.cfg.Webhooks) {
		w := o.cfg.Webhooks[name]
		what := "ids only"
		if w.Ciphertext {
			what = "ids and ciphertext"
		}
		if _, err := fmt.Fprintf(p.out, "%-16s  %s  (%s)\n", name, w.URL, what); err != nil {
			return err
		}
	}
	return nil
}

func (o *office) hook(name string) error {
	if _, ok := o.cfg.Webhooks[name]; !ok {
		return try(fmt.Errorf("there is no webhook %q in sealform.yaml", name), "`sealform webhooks list`")
	}
	return nil
}

func (p *program) webhooksSecret(_ context.Context, o *office, c *cli.Command) error {
	name := c.Args().First()
	if err := o.hook(name); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.out, webhook.EncodeSecret(hookSecret(o.secrets.Key, name)))
	return err
}

func (p *program) webhooksTest(ctx context.Context, o *office, c *cli.Command) error {
	name := c.Args().First()
	if err := o.hook(name); err != nil {
		return err
	}
	if err := o.store.Audit(ctx, operatorEntry(audit.ActWebhookTested, name)); err != nil {
		return err
	}
	id, err := o.store.Enqueue(ctx, store.Job{Channel: store.Webhook, To: name, About: store.AboutTest})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "A test is on its way. How it went: sealform outbox show %s\n", jobName(id))
	return err
}
