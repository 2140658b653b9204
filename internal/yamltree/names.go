package yamltree

// Names gives the keys of a mapping whose names the file is free to choose, in the file's order.
func (m *Mapping) Names() []string {
	var names []string
	if m.node == nil {
		return nil
	}
	for i := 0; i+1 < len(m.node.Content); i += 2 {
		names = append(names, m.node.Content[i].Value)
	}
	return names
}
