package headers

import (
	"strings"
	"unicode"
	"unicode/utf8"
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

// shown makes a name fit to be shown anywhere: printable characters, at most 255 bytes, no final dot.
func shown(name string) string {
	if len(name) > 255 {
		name = name[:255]
	}
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(name, "\uFFFD"))
	return strings.TrimSuffix(name, ".")
}
