package main

import (
	"log/slog"
	"strings"

	"github.com/urfave/cli/v3"

	"sealform/internal/config"
	"sealform/internal/event"
)

// configFlag is --config, which every command has that reads the configuration.
func configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Value: config.FileName, Usage: "the configuration file (or SEALFORM_CONFIG)"}
}

// overFile heads the settings in a command's help.
const overFile = "settings, over those of the file and of SEALFORM_… variables"

// configFlags are --config and a flag for each setting that is no secret.
func configFlags() []cli.Flag {
	flags := []cli.Flag{configFlag()}
	for _, s := range config.Settings {
		switch {
		case s.Secret:
		case s.List:
			flags = append(flags, &cli.StringSliceFlag{Name: s.Flag(), Usage: s.Usage, Category: overFile})
		default:
			flags = append(flags, &cli.StringFlag{Name: s.Flag(), Usage: s.Usage, DefaultText: s.Preset, Category: overFile})
		}
	}
	return flags
}

// readConfig gives a configuration without a fault, or all faults together.
func (p *program) readConfig(c *cli.Command) (*config.Config, error) {
	cfg, err := p.readConfigSoFar(c)
	if err != nil {
		return nil, config.Mend(err)
	}
	return cfg, nil
}

// readConfigSoFar may give a configuration beside its faults, as config.Read does.
func (p *program) readConfigSoFar(c *cli.Command) (*config.Config, error) {
	file := c.String("config")
	over := config.Over{Env: p.env, Flags: map[string][]string{}}
	for _, kv := range p.env {
		if name, v, _ := strings.Cut(kv, "="); name == "SEALFORM_CONFIG" && !c.IsSet("config") {
			file = v
		}
	}
	for _, s := range config.Settings {
		switch {
		case s.Secret || !c.IsSet(s.Flag()):
		case s.List:
			over.Flags[s.Flag()] = c.StringSlice(s.Flag())
		default:
			over.Flags[s.Flag()] = []string{c.String(s.Flag())}
		}
	}
	return config.Read(file, over)
}

// events writes lines to standard error, as text for people or as JSON for collectors.
func (p *program) events(format string) *event.Log {
	if format == "json" {
		return event.New(slog.NewJSONHandler(p.err, nil))
	}
	return event.New(slog.NewTextHandler(p.err, nil))
}
