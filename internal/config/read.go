package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sealform/internal/hint"
	"sealform/internal/secrets"
	"sealform/internal/text"
	"sealform/internal/yamltree"
)

// Over is the variables and flags that win over the file, and over the presets.
type Over struct {
	Env   []string            // NAME=VALUE, as os.Environ gives them; those that do not begin with SEALFORM_ are left alone
	Flags map[string][]string // by Setting.Flag; they win over variables
}

// Read gives the configuration of a file, and every fault of it and of what goes over it as one error (Faults). Where it
// can, it gives the configuration beside the faults, so that they can be told together with those of the files that it
// names; where the file can't be read at all, it is nil.
func Read(file string, over Over) (*Config, error) {
	src, err := os.ReadFile(file) // #nosec G304 -- the operator's configuration
	if err != nil {
		return nil, hint.Add(fmt.Errorf("reading the configuration: %w", err), "`sealform init` makes one; --config names another")
	}
	c := &Config{Dir: filepath.Dir(file)}
	faults := Faults{writable(file)}
	for _, s := range Settings {
		if s.Preset != "" {
			faults = append(faults, s.set(c, []string{s.Preset}))
		}
	}
	readable, err := c.fromFile(file, src)
	faults = append(faults, err)
	faults = append(faults, c.fromVariables(over.Env)...)
	faults = append(faults, c.fromFlags(over.Flags)...)
	c.Notices.Clinic = c.Name
	if !readable {
		return nil, faults.AsError()
	}
	return c, append(faults, c.check()...).AsError()
}

// fromFile reads the file and tells all of its faults as one error. It is readable if its settings could be walked.
func (c *Config) fromFile(file string, src []byte) (readable bool, err error) {
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

func (c *Config) fromRoot(root *yamltree.Mapping) {
	parts := map[string]*yamltree.Mapping{"": root}
	for _, s := range Settings {
		section, key := "", s.Name
		if before, after, ok := strings.Cut(s.Name, "."); ok {
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

func (s Setting) fromMapping(c *Config, m *yamltree.Mapping, key string) {
	switch {
	case s.Secret:
		mend := fmt.Sprintf("Set %s_FILE to a file that only the service may read.", s.Variable())
		m.Refuse(key, "is a secret, which does not belong in this file", mend)
		m.Hint(key, mend)
		return
	case !m.Has(key): // which makes it known
		return
	}
	var values []string
	if s.List {
		values = m.Texts(key)
	} else if v := m.Text(key); v != "" {
		values = []string{v}
	}
	if len(values) == 0 {
		return // a fault that reading has told
	}
	if err := s.set(c, values); err != nil {
		m.Fault(key, fmt.Sprintf("%s %v", s.Name, err), "")
	}
}

func (c *Config) groupsFrom(m *yamltree.Mapping) {
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
func (c *Config) fromVariables(env []string) []error {
	known := map[string]Setting{}
	for _, s := range Settings {
		known[s.Variable()] = s
		if s.Secret {
			known[s.Variable()+"_FILE"] = s
		}
	}
	var faults []error
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "SEALFORM_") || name == "SEALFORM_CONFIG" {
			continue
		}
		s, ok := known[name]
		if !ok {
			near := text.Near(": did you mean %s?", name, slices.Sorted(maps.Keys(known)))
			faults = append(faults, fmt.Errorf("unknown variable %s%s", name, near))
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

func (s Setting) fromVariable(c *Config, name, value string) error {
	if s.Secret && strings.HasSuffix(name, "_FILE") {
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
	if s.List {
		values = strings.Split(value, ",")
	}
	return s.set(c, values)
}

func (c *Config) fromFlags(given map[string][]string) []error {
	var faults []error
	for _, s := range Settings {
		values, is := given[s.Flag()]
		if !is || s.Secret {
			continue
		}
		if err := s.set(c, values); err != nil {
			faults = append(faults, fmt.Errorf("--%s: %w", s.Flag(), err))
		}
	}
	return faults
}
