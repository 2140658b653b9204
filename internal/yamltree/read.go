package yamltree

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"sealform/internal/colour"
)

// Pair is one line of a mapping whose names are the writer's own, such as the options of a question.
type Pair struct{ Name, Text string }

// scalar gives the text of key's value; a fault if it is empty, a list or a mapping.
func (m *Mapping) scalar(key, want string) (string, bool) {
	k, v := m.get(key)
	if k == nil {
		return "", false
	}
	return m.scalarNode(k, v, want)
}

func (m *Mapping) scalarNode(k, v *yaml.Node, want string) (string, bool) {
	name := "a value"
	if k != nil {
		name = fmt.Sprintf("%q", k.Value)
	}
	switch {
	case v.Kind != yaml.ScalarNode:
		m.tree.at(v, name+m.where+" must be "+want, shape(want))
		return "", false
	case v.Tag == "!!null" || strings.TrimSpace(v.Value) == "":
		m.empty(v, name)
		return "", false
	}
	return v.Value, true
}

// listed is the wording for a list of texts in messages.
const listed = "a list of texts"

// shape says how what is wanted is written.
func shape(want string) string {
	if want == listed {
		return "Write [one, two], or each on a line of its own behind a dash."
	}
	return "Write it behind the colon, without braces, brackets or dashes."
}

// empty names the commonest cause: an unquoted #.
func (m *Mapping) empty(v *yaml.Node, name string) {
	if v.Line >= 1 && v.Line <= len(m.tree.lines) {
		line := []rune(m.tree.lines[v.Line-1])
		for i := max(v.Column-1, 1); i < len(line); i++ {
			if line[i] == '#' && line[i-1] == ' ' && v.Style == 0 {
				m.tree.At(v.Line, i+1, 1, name+" is empty"+m.where, inQuotes(string(line[i:])))
				return
			}
		}
	}
	m.tree.at(v, name+" is empty"+m.where, "Give it a value, or remove the line.")
}

func inQuotes(comment string) string {
	word := strings.Trim(comment, " },")
	if _, ok := colour.Parse(word); ok {
		return fmt.Sprintf("In YAML a space and # start a comment. Put the colour in quotes: %q.", word)
	}
	return "In YAML a space and # start a comment. Put the value in quotes."
}

// Text reads a text, without the space around it; "" if key is not there.
func (m *Mapping) Text(key string) string {
	s, _ := m.scalar(key, "a text")
	return strings.TrimSpace(s)
}

// Line reads a text that must stand in one line of at most limit characters.
func (m *Mapping) Line(key string, limit int) string {
	s := m.Text(key)
	switch {
	case strings.ContainsAny(s, "\r\n\u2028\u2029"):
		m.Fault(key, fmt.Sprintf("%q must stand in one line%s", key, m.where), "Take the line breaks out.")
	case utf8.RuneCountInString(s) > limit:
		m.Fault(key, fmt.Sprintf("%q is longer than %d characters%s", key, limit, m.where), "Shorten it.")
	default:
		return s
	}
	return ""
}

// Bool reads true or false (also yes and no).
func (m *Mapping) Bool(key string) bool {
	b, _ := value(m, key, "true or false", "Write true or false, without quotes.", parseBool)
	return b
}

func parseBool(s string) (b, ok bool) {
	switch strings.ToLower(s) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

// Texts reads a list of texts, or one text as a list of one.
func (m *Mapping) Texts(key string) []string {
	k, v := m.get(key)
	if k == nil {
		return nil
	}
	var out []string
	for _, n := range m.items(key, v) {
		if s, ok := m.scalarNode(k, n, listed); ok {
			out = append(out, strings.TrimSpace(s))
		}
	}
	return out
}

// items are the nodes of the list v, the value of key. A single item needs no list; an empty list is a fault.
func (m *Mapping) items(key string, v *yaml.Node) []*yaml.Node {
	if v.Kind != yaml.SequenceNode {
		return []*yaml.Node{v}
	}
	if len(v.Content) == 0 {
		m.tree.at(v, fmt.Sprintf("%q is empty%s", key, m.where), "Give at least one, or remove the line.")
	}
	return v.Content
}

// Pairs reads a mapping of the writer's own names to texts, in order, or a list of texts that are both.
func (m *Mapping) Pairs(key string) []Pair {
	k, v := m.get(key)
	if k == nil {
		return nil
	}
	if v.Kind != yaml.MappingNode {
		var out []Pair
		for _, s := range m.Texts(key) {
			out = append(out, Pair{s, s})
		}
		return out
	}
	var out []Pair
	for i := 0; i+1 < len(v.Content); i += 2 {
		if s, ok := m.scalarNode(v.Content[i], v.Content[i+1], "a text"); ok {
			out = append(out, Pair{v.Content[i].Value, strings.TrimSpace(s)})
		}
	}
	return out
}

// Mapping reads a mapping inside this one. A Hint of the same name says how it is written, where it is none.
func (m *Mapping) Mapping(key string) *Mapping {
	k, v := m.get(key)
	switch {
	case k == nil:
	case v.Kind == yaml.MappingNode:
		return &Mapping{tree: m.tree, node: v, where: fmt.Sprintf(" in %q", key)}
	case v.Tag == "!!null":
		m.empty(v, fmt.Sprintf("%q", key))
	default:
		mend := cmp.Or(m.hints[key], fmt.Sprintf("Put them into braces: %s: { name: value }", key))
		m.tree.at(v, fmt.Sprintf("%q%s must hold settings of its own, each as name: value", key, m.where), mend)
	}
	return &Mapping{tree: m.tree}
}

// Mappings reads a list of mappings.
func (m *Mapping) Mappings(key string) []*Mapping {
	k, v := m.get(key)
	if k == nil {
		return nil
	}
	if v.Kind != yaml.SequenceNode {
		m.tree.at(v, fmt.Sprintf("%q%s must be a list: each item begins with a dash", key, m.where), "Begin each item on a line of its own, with a dash and a space.")
		return nil
	}
	var out []*Mapping
	for _, n := range v.Content {
		if n.Kind != yaml.MappingNode {
			m.tree.at(n, fmt.Sprintf("each item of %q must hold settings, each as name: value", key), "Write the item as - { name: value }, or check the indent below its dash.")
			continue
		}
		out = append(out, &Mapping{tree: m.tree, node: n})
	}
	return out
}

// Duration reads "90d", "12h", "10m" or "30s"; at most 100 years.
func (m *Mapping) Duration(key string) time.Duration {
	d, _ := value(m, key, "a time such as 90d or 12h", "Days are d, hours h, minutes m, seconds s.", ParseDuration)
	return d
}

// Size reads "25MB", "512KB" or a number of bytes; one KB is 1024 bytes.
func (m *Mapping) Size(key string) int64 {
	n, _ := value(m, key, "a size such as 8MB", "Write KB, MB or GB after the number.", ParseSize)
	return n
}

// Int reads a whole number; given says whether one was there.
func (m *Mapping) Int(key string) (n int, given bool) {
	return value(m, key, "a whole number", "Write digits only, such as 12.", parseInt)
}

func parseInt(s string) (int, bool) {
	digits, negative := strings.CutPrefix(s, "-")
	n, ok := whole(digits)
	if !ok || n > 1<<31-1 {
		return 0, false
	}
	if negative {
		n = -n
	}
	return int(n), true
}

// value reads key's value as something that parse takes; ok is false where it is missing or a fault.
func value[T any](m *Mapping, key, want, mend string, parse func(string) (T, bool)) (v T, ok bool) {
	s, ok := m.scalar(key, want)
	if !ok {
		return v, false
	}
	if v, ok = parse(s); !ok {
		m.Fault(key, fmt.Sprintf("%q must be %s%s", key, want, m.where), mend)
	}
	return v, ok
}
