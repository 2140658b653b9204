package yamltree

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"sealform/internal/text"
)

// Mapping walks one mapping. Every setting asked for becomes known; Done reports the others. A Mapping that is not
// in the file answers everything with the zero value, so that its caller needs no branch.
type Mapping struct {
	tree  *Tree
	node  *yaml.Node // nil: not in the file
	where string     // ` in field "phone"`, said after a setting's name
	known []string
	later []string // known, but refused: never proposed
	hints map[string]string
}

// Mapping gives the outermost mapping. An empty file, or one that is a list or a text, is a fault.
func (t *Tree) Mapping() *Mapping {
	switch {
	case t.root == nil && len(t.faults) == 0:
		t.Whole("is empty", "Write settings into it, each as name: value.")
	case t.root != nil && t.root.Kind != yaml.MappingNode:
		t.at(t.root, "settings are expected here, each as name: value", "Begin each line with a name and a colon, without a dash before it.")
	case t.root != nil:
		return &Mapping{tree: t, node: t.root}
	}
	return &Mapping{tree: t}
}

// In sets the place that messages name for the mapping: In(`field "phone"`).
func (m *Mapping) In(what string) { m.where = " in " + what }

// Given says whether the mapping stands in the file.
func (m *Mapping) Given() bool { return m.node != nil }

// Has says whether key stands in the mapping; it makes key known.
func (m *Mapping) Has(key string) bool {
	k, _ := m.get(key)
	return k != nil
}

func (m *Mapping) get(key string) (k, v *yaml.Node) {
	if !slices.Contains(m.known, key) {
		m.known = append(m.known, key)
	}
	return m.find(key)
}

func (m *Mapping) find(key string) (k, v *yaml.Node) {
	if m.node == nil {
		return nil, nil
	}
	for i := 0; i+1 < len(m.node.Content); i += 2 {
		if m.node.Content[i].Value == key {
			return m.node.Content[i], m.node.Content[i+1]
		}
	}
	return nil, nil
}

// Fault adds a fault at key's value; at the mapping's begin if key is not there.
func (m *Mapping) Fault(key, message, mend string) { m.mark(key, message, mend, false) }

// Warn is Fault for what is only unwise.
func (m *Mapping) Warn(key, message, mend string) { m.mark(key, message, mend, true) }

func (m *Mapping) mark(key, message, mend string, warning bool) {
	n := m.node
	if _, v := m.find(key); v != nil {
		n = v
	}
	if n == nil {
		return
	}
	f := m.tree.place(n.Line, n.Column, m.tree.width(n), message, mend)
	f.Warning = warning
	m.tree.add(f)
}

// Refuse makes key known as something that is not read, and adds a fault if it is there.
func (m *Mapping) Refuse(key, message, mend string) {
	m.later = append(m.later, key)
	if k, _ := m.find(key); k != nil {
		m.tree.at(k, fmt.Sprintf("%q%s %s", key, m.where, message), mend)
	}
}

// Hint sets the mend for a name that is no setting, written so or nearly so.
func (m *Mapping) Hint(name, mend string) {
	if m.hints == nil {
		m.hints = map[string]string{}
	}
	m.hints[name] = mend
}

// Need adds a fault if key is not there.
func (m *Mapping) Need(key, mend string) {
	if m.node != nil && !m.Has(key) {
		m.tree.at(m.node, fmt.Sprintf("%q is missing%s", key, m.where), mend)
	}
}

// Done reports every setting that was never asked for.
func (m *Mapping) Done() {
	if m.node == nil {
		return
	}
	for i := 0; i < len(m.node.Content); i += 2 {
		k := m.node.Content[i]
		if !slices.Contains(m.known, k.Value) && !slices.Contains(m.later, k.Value) {
			m.tree.at(k, fmt.Sprintf("unknown setting %q%s", k.Value, m.where), m.meant(k.Value))
		}
	}
}

func (m *Mapping) meant(name string) string {
	if h := text.Closest(name, slices.Sorted(maps.Keys(m.hints))); h != "" {
		return m.hints[h]
	}
	return cmp.Or(text.Meant(name, m.known), "Remove it, or check its spelling.")
}

// FaultAtName adds a fault at the name of key, where the setting itself is what is wrong.
func (m *Mapping) FaultAtName(key, message, mend string) {
	if k, _ := m.find(key); k != nil {
		m.tree.at(k, message, mend)
	}
}

// FaultItem adds a fault at one item of the list key, or at one name of the mapping key: the last that reads so.
func (m *Mapping) FaultItem(key, item, message, mend string) {
	_, v := m.find(key)
	if v == nil {
		return
	}
	at, step := v, 1
	if v.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i < len(v.Content); i += step {
		if n := v.Content[i]; n.Kind == yaml.ScalarNode && strings.TrimSpace(n.Value) == item {
			at = n
		}
	}
	m.tree.at(at, message, mend)
}

// IsMapping says whether key's value is a mapping; it makes key known.
func (m *Mapping) IsMapping(key string) bool {
	_, v := m.get(key)
	return v != nil && v.Kind == yaml.MappingNode
}

// Names gives the names in the mapping, in order, where they are the writer's own; it makes them known.
func (m *Mapping) Names() []string {
	if m.node == nil {
		return nil
	}
	var names []string
	for i := 0; i < len(m.node.Content); i += 2 {
		names = append(names, m.node.Content[i].Value)
	}
	m.known = append(m.known, names...)
	return names
}
