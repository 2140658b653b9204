package check

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// maxPolicy bounds a policy, in bytes (RFC 8461 §3.3), and maxPatterns the hosts that it may name.
const (
	maxPolicy   = 64 << 10
	maxPatterns = 200
)

// policy is an MTA-STS policy (RFC 8461 §3.2): the mode and the hosts that a domain publishes for senders.
type policy struct {
	mode string   // "enforce", "testing" or "none"
	mx   []string // "mx.example" or "*.example", in lower case
	why  Code     // why an announced policy counts as none
}

// policy looks for the announcement in DNS (RFC 8461 §3.1) and fetches the policy where there is one: without an
// announcement no sender fetches it.
func (k *check) policy(ctx context.Context) policy {
	texts, err := k.dns.texts(ctx, "_mta-sts."+k.domain)
	if err != nil {
		return policy{mode: "none", why: "dns"}
	}
	announced := 0
	for _, t := range texts {
		if fields := fieldsOf(t); fields["v"] == "STSv1" {
			announced++
			if !policyID.MatchString(fields["id"]) {
				return policy{mode: "none", why: "bad-record"}
			}
		}
	}
	switch announced {
	case 0:
		return policy{mode: "none"}
	case 1:
	default:
		return policy{mode: "none", why: "several-records"}
	}
	body, err := k.fetch(ctx, "mta-sts."+k.domain)
	if err != nil {
		return policy{mode: "none", why: fetchCode(err)}
	}
	return parsePolicy(body)
}

var policyID = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)

// fetch gets the policy over verified HTTPS, without redirects, proxies or cookies (RFC 8461 §3.3).
func (k *check) fetch(ctx context.Context, host string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, k.Step)
	defer cancel()
	at := host
	if k.HTTPSPort != 443 {
		at = net.JoinHostPort(host, strconv.Itoa(k.HTTPSPort))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+at+"/.well-known/mta-sts.txt", nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return k.dial(ctx, host, k.HTTPSPort) },
			TLSClientConfig:   &tls.Config{RootCAs: k.Roots, MinVersion: tls.VersionTLS12, Time: k.Now},
			DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxPolicy,
		},
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return "", Code("redirect")
	}
	if resp.StatusCode != http.StatusOK {
		return "", Code("answered-" + strconv.Itoa(resp.StatusCode))
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxPolicy+1))
	switch {
	case err != nil:
		return "", err
	case ctx.Err() != nil:
		return "", ctx.Err() // what is answered while the connection closes may be only a part
	case len(b) > maxPolicy:
		return "", Code("too-long")
	}
	return string(b), nil
}

// fetchCode tells a certificate that nobody believes from other failures.
func fetchCode(err error) Code {
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		return "bad-certificate"
	}
	return codeOf(err)
}

// parsePolicy reads "key: value" lines (RFC 8461 §3.2). Keys that it does not know are passed over.
func parsePolicy(body string) policy {
	bad := policy{mode: "none", why: "bad-policy"}
	var mx []string
	first := map[string]string{}
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || len(mx) > maxPatterns {
			return bad
		}
		if _, again := first[key]; !again {
			first[key] = value
		}
		if key == "mx" {
			mx = append(mx, strings.ToLower(strings.TrimSuffix(value, ".")))
		}
	}
	age, err := strconv.ParseUint(first["max_age"], 10, 32)
	if first["version"] != "STSv1" || err != nil || age > 31557600 {
		return bad
	}
	switch mode := first["mode"]; mode {
	case "none":
		return policy{mode: mode}
	case "enforce", "testing":
		if len(mx) > 0 {
			return policy{mode: mode, mx: mx}
		}
	}
	return bad
}

// names tells whether the policy names a host. A star stands for exactly one label, the first (RFC 8461 §4.1).
func (p policy) names(host string) bool {
	_, parent, _ := strings.Cut(host, ".")
	for _, m := range p.mx {
		if m == host || parent != "" && m == "*."+parent {
			return true
		}
	}
	return false
}
