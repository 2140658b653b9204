package headers

import (
	"regexp"
	"strings"
)

// carried is the receiving server's word on the connection: whether it had TLS, and the version.
func carried(l line) (Answer, string) {
	is, version := Unknown, ""
	for _, k := range []string{"", "from", "by", "via", "with", "id", "for", "tls"} {
		if l[k] == nil {
			continue
		}
		for _, text := range l[k].comments {
			if v, ok := byComment(text); ok {
				is = Yes
				if version == "" {
					version = v
				}
			}
		}
	}
	switch {
	case is == Yes:
		return Yes, version
	case l["with"] != nil && strings.HasPrefix(strings.ToUpper(l["tls"].word()), "TLS_"):
		return Yes, ""
	}
	return byKeyword(l["with"]), ""
}

// told matches the comments in which servers speak of TLS, each from its first letter on: a word that the sender chose
// stands behind others. The group is the version.
var told = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^using ((?:TLS|SSL)\S*)(?: with |$)`),                       // Postfix
	regexp.MustCompile(`(?i)^version=((?:TLS|SSL)[^\s,;]*)`),                            // Gmail, Exchange, Sendmail, Yahoo, SmarterMail
	regexp.MustCompile(`(?i)^((?:TLS|SSL)[-_]?v?[1-3](?:[._][0-9])?)(?:[:,/]| TLS_|$)`), // Exim, OpenSMTPD, mox
	regexp.MustCompile(`(?i)^(?:TLS|SSL): ((?:TLS|SSL)[^\s,;]*)`),                       // Courier
	regexp.MustCompile(`(?i)^cipher (TLS[^\s:]*):`),                                     // MDaemon
	regexp.MustCompile(`(?i)^over [a-z+]+, (TLS-[0-9.]+),`),                             // chasquid
	regexp.MustCompile(`^(TLS|SSL)$`),                                                   // Exchange 2010
	regexp.MustCompile(`^()UNKNOWN:[A-Z0-9_-]+:[0-9]+$`),                                // Exim over a library that is newer than it
	regexp.MustCompile(`^()[A-Z0-9]+(?:[-_][A-Z0-9]+)+ encrypted$`),                     // qmail with the TLS patch
	regexp.MustCompile(`(?i)^()cipher=[a-z0-9_-]+(?:[ ,]|$)`),                           // Haraka
}

// byComment finds a server's word on TLS in a comment, and the version in it.
func byComment(text string) (version string, ok bool) {
	for _, r := range told {
		if m := r.FindStringSubmatch(text); m != nil {
			return versionOf(m[1]), true
		}
	}
	return "", false
}

// tlsVersion finds TLSv1.3, TLS1_3, TLS-1.3, TLSv1 and SmarterMail's TLS\Tls12.
var tlsVersion = regexp.MustCompile(`(?i)^(?:TLS\\)?(TLS|SSL)[-_]?v?([1-3])(?:[._]?([0-9]))?$`)

// versionOf writes a version in one way: "TLS1.2", "SSL3.0". One that there is not is "".
func versionOf(s string) string {
	m := tlsVersion.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	minor := m[3]
	if minor == "" {
		minor = "0"
	}
	v := strings.ToUpper(m[1]) + m[2] + "." + minor
	switch v {
	case "TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3", "SSL2.0", "SSL3.0":
		return v
	}
	return ""
}

// keyword takes the letters of RFC 3848 and RFC 6531 apart: S says TLS, A says signed in.
var keyword = regexp.MustCompile(`(?i)^(?:UTF8)?(?:E?SMTP|LMTP)(SA|S|A)?$`)

// byKeyword goes by the protocol. Those that leave TLS open, such as HTTP or IIS's SMTPSVC, tell nothing.
func byKeyword(with *clause) Answer {
	if with == nil {
		return Unknown
	}
	is := Unknown
	for _, w := range with.words {
		upper := strings.ToUpper(w)
		if upper == "STARTTLS" || upper == "HTTPS" || strings.HasPrefix(upper, "ESMTP/TLS/") { // Mimecast, webmails, IronPort
			return Yes
		}
		m := keyword.FindStringSubmatch(w)
		if m == nil {
			continue
		}
		if strings.HasPrefix(strings.ToUpper(m[1]), "S") {
			return Yes
		}
		is = No
	}
	return is
}
