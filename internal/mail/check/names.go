package check

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// domainOf takes what stands behind the last @, or everything, as a domain in lower-case ASCII without a final dot.
func domainOf(s string) (string, error) {
	s = strings.TrimSpace(s)
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		if at == 0 {
			return "", ErrNotADomain
		}
		s = s[at+1:]
	}
	d, err := idna.Lookup.ToASCII(strings.TrimSuffix(s, "."))
	if err != nil || !isHostname(d) {
		return "", ErrNotADomain
	}
	if _, err := netip.ParseAddr(d); err == nil {
		return "", ErrNotADomain
	}
	return strings.ToLower(d), nil
}

// isHostname tells whether s is a host name: letters, digits, dashes and underscores in labels of at most 63 bytes, 253
// together.
func isHostname(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}
