package headers

import (
	"strings"

	"sealform/internal/text"
)

// hop reads one Received line.
func hop(value string) Hop {
	l := parse(value)
	h := Hop{From: shown(l["from"].word()), By: shown(l["by"].word())}
	h.Inside = inside(l)
	if h.Inside {
		h.TLS = Unknown
		return h
	}
	h.TLS, h.Version = carried(l)
	if l["from"] == nil && h.TLS != Yes {
		h.TLS, h.Inside = Unknown, true // nobody connected: a pickup, or a step inside one system as at Gmail
	}
	return h
}

// shown makes a name fit to be shown anywhere, without its final dot.
func shown(name string) string { return strings.TrimSuffix(text.Printable(name), ".") }
