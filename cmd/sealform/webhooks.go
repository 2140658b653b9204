package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/hint"
	"sealform/internal/server"
	"sealform/internal/store"
	"sealform/internal/webhook"
)

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

func (p *program) webhooksList(_ context.Context, o *operator, _ *cli.Command) error {
	if len(o.cfg.Webhooks) == 0 {
		return p.say("No webhook is configured.\n")
	}
	for _, name := range slices.Sorted(maps.Keys(o.cfg.Webhooks)) {
		w := o.cfg.Webhooks[name]
		what := "ids only"
		if w.Ciphertext {
			what = "ids and ciphertext"
		}
		if err := p.say("%-16s  %s  (%s)\n", name, w.URL, what); err != nil {
			return err
		}
	}
	return nil
}

func (o *operator) hook(name string) error {
	if _, ok := o.cfg.Webhooks[name]; !ok {
		return hint.Add(fmt.Errorf("there is no webhook %q in sealform.yaml", name), "`sealform webhooks list`")
	}
	return nil
}

func (p *program) webhooksSecret(_ context.Context, o *operator, c *cli.Command) error {
	name := c.Args().First()
	if err := o.hook(name); err != nil {
		return err
	}
	return p.say("%s\n", webhook.EncodeSecret(server.WebhookSecret(o.secrets.Key, name)))
}

func (p *program) webhooksTest(ctx context.Context, o *operator, c *cli.Command) error {
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
	return p.say("A test is on its way. How it went: sealform outbox show %s\n", jobName(id))
}
