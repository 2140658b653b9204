package yamltree

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Entries reads a list of mappings in which an item may also be a text alone, which stands for { short: text }. A
// single item needs no list.
func (m *Mapping) Entries(key, short string) []*Mapping {
	k, v := m.get(key)
	if k == nil {
		return nil
	}
	if v.Tag == "!!null" {
		m.empty(v, fmt.Sprintf("%q", key))
		return nil
	}
	var out []*Mapping
	for _, n := range m.items(key, v) {
		switch n.Kind { //nolint:exhaustive // a list; aliases are refused before
		case yaml.MappingNode:
		case yaml.ScalarNode:
			n = settingOf(short, n)
		default:
			m.tree.at(n, fmt.Sprintf("each item of %q must be a text, or hold settings", key), fmt.Sprintf("Write the item alone, or as { %s: … }.", short))
			continue
		}
		out = append(out, &Mapping{tree: m.tree, node: n, where: fmt.Sprintf(" in %q", key)})
	}
	return out
}

// settingOf is a mapping that holds one setting, and stands where its value does.
func settingOf(name string, value *yaml.Node) *yaml.Node {
	key := &yaml.Node{Kind: yaml.ScalarNode, Value: name, Line: value.Line, Column: value.Column}
	return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{key, value}, Line: value.Line, Column: value.Column}
}
