package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"sealform/internal/secrets"
	"sealform/internal/text"
	"sealform/internal/yamltree"
)

const configName = "sealform.yaml"

func configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Value: configName, Usage: "the configuration file (or SEALFORM_CONFIG)"}
}

const overFile = "settings, over those of the file and of SEALFORM_… variables"

// configFlags are --config and a flag for each setting that is no secret.
func configFlags() []cli.Flag {
	flags := []cli.Flag{configFlag()}
	for _, s := range settings {
		switch {
		case s.secret:
		case s.list:
			flags = append(flags, &cli.StringSliceFlag{Name: s.flag(), Usage: s.usage, Category: overFile})
		default:
			flags = append(flags, &cli.StringFlag{Name: s.flag(), Usage: s.usage, DefaultText: s.preset, Category: overFile})
		}
	}
	return flags
}

// readConfig merges flags over variables over the file over defaults, and tells every fault of all of them together.
func (p *program) readConfig(c *cli.Command) (*config, error) {
	cfg, err := p.readConfigSoFar(c)
	if err != nil {
		return nil, mend(err)
	}
	return cfg, nil
}

// mend points from faults to what to do about them.
func mend(err error) error {
	var faults faultList
	if errors.As(err, &faults) {
		return try(err, "mend what is named above; nothing was started or changed")
	}
	return err
}

// readConfigSoFar is readConfig that, where it can, gives a configuration beside its faults (a faultList): so that what
// is wrong with it can be told together with what is wrong with the files it names.
func (p *program) readConfigSoFar(c *cli.Command) (*config, error) {
	file := c.String("config")
	if v, ok := p.lookup("SEALFORM_CONFIG"); ok && !c.IsSet("config") {
		file = v
	}
	return loadConfig(file, func(cfg *config) []error { return append(cfg.fromVariables(p), cfg.fromFlags(c)...) })
}

// loadConfig reads a file over the defaults; over is what goes over the file, nil for nothing. The configuration is nil
// where the file can't be read at all.
func loadConfig(file string, over func(*config) []error) (*config, error) {
	src, err := readSource(file)
	if err != nil {
		return nil, err
	}
	cfg := &config{dir: filepath.Dir(file)}
	faults := faultList{guarded(file)}
	for _, s := range settings {
		if s.preset != "" {
			faults = append(faults, s.set(cfg, []string{s.preset}))
		}
	}
	readable, err := cfg.fromFile(file, src)
	faults = append(faults, err)
	if over != nil {
		faults = append(faults, over(cfg)...)
	}
	if !readable {
		return nil, faults.asError()
	}
	return cfg, append(faults, cfg.check()...).asError()
}

// fromFile reads the file and tells all of its faults as one error. It is readable if its settings could be walked.
func (c *config) fromFile(file string, src []byte) (readable bool, err error) {
	tree := yamltree.Parse(file, src)
	if root := tree.Mapping(); root.Given() {
		readable = true
		c.fromRoot(root)
	}
	if faults := tree.Faults(); faults.Failed() {
		return readable, discreet(src, faults)
	}
	return readable, nil
}

func (c *config) fromRoot(root *yamltree.Mapping) {
	parts := map[string]*yamltree.Mapping{"": root}
	for _, s := range settings {
		section, key := "", s.name
		if before, after, ok := strings.Cut(s.name, "."); ok {
			section, key = before, after
		}
		if parts[section] == nil {
			parts[section] = root.Mapping(section)
			parts[section].In(fmt.Sprintf("%q", section))
		}
		s.fromMapping(c, parts[section], key)
	}
	c.groupsFrom(root.Mapping("groups"))
	c.recipientsFrom(root.Mapping("recipients"))
	c.webhooksFrom(root.Mapping("webhooks"))
	for _, m := range parts {
		m.Done()
	}
}

func (s setting) fromMapping(c *config, m *yamltree.Mapping, key string) {
	switch {
	case s.secret:
		mend := fmt.Sprintf("Set %s_FILE to a file that only the service may read.", s.variable())
		m.Refuse(key, "is a secret, which does not belong in this file", mend)
		m.Hint(key, mend)
		return
	case !m.Has(key): // which makes it known
		return
	}
	var values []string
	if s.list {
		values = m.Texts(key)
	} else if v := m.Text(key); v != "" {
		values = []string{v}
	}
	if len(values) == 0 {
		return // a fault that reading has told
	}
	if err := s.set(c, values); err != nil {
		m.Fault(key, fmt.Sprintf("%s %v", s.name, err), "")
	}
}

func (c *config) groupsFrom(m *yamltree.Mapping) {
	c.Groups = map[string][]string{}
	for _, name := range m.Names() {
		c.Groups[name] = nil
		for _, file := range m.Texts(name) {
			c.Groups[name] = append(c.Groups[name], c.path(file))
		}
	}
}

// fromVariables takes SEALFORM_… variables. A name that is none of ours is a fault, as it is most likely a slip; an
// empty one counts as not set, as containers' tools pass on what was left out.
func (c *config) fromVariables(p *program) []error {
	known := map[string]setting{}
	var names []string
	for _, s := range settings {
		known[s.variable()] = s
		names = append(names, s.variable())
		if s.secret {
			known[s.variable()+"_FILE"] = s
			names = append(names, s.variable()+"_FILE")
		}
	}
	var faults []error
	for _, kv := range p.env {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "SEALFORM_") || name == "SEALFORM_CONFIG" {
			continue
		}
		s, ok := known[name]
		if !ok {
			faults = append(faults, unknownVariable(name, names))
			continue
		}
		if value == "" {
			continue
		}
		if err := s.fromVariable(c, name, value); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
	}
	return faults
}

func unknownVariable(name string, names []string) error {
	if near := text.Closest(name, names); near != "" {
		return fmt.Errorf("unknown variable %s: did you mean %s?", name, near)
	}
	return fmt.Errorf("unknown variable %s", name)
}

func (s setting) fromVariable(c *config, name, value string) error {
	if s.secret && strings.HasSuffix(name, "_FILE") {
		b, err := secrets.ReadFile(value)
		if errors.Is(err, fs.ErrNotExist) {
			return errors.New("names a file that is not there") // which may be the secret itself, set in the wrong variable
		}
		if err != nil {
			return err
		}
		value = strings.TrimRight(string(b), "\r\n")
	}
	values := []string{value}
	if s.list {
		values = strings.Split(value, ",")
	}
	return s.set(c, values)
}

func (c *config) fromFlags(cmd *cli.Command) []error {
	var faults []error
	for _, s := range settings {
		if s.secret || !cmd.IsSet(s.flag()) {
			continue
		}
		values := []string{cmd.String(s.flag())}
		if s.list {
			values = cmd.StringSlice(s.flag())
		}
		if err := s.set(c, values); err != nil {
			faults = append(faults, fmt.Errorf("--%s: %w", s.flag(), err))
		}
	}
	return faults
}
