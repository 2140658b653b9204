package check

import "crypto/x509"

// Verdict is how far a sender can insist on TLS to the domain.
type Verdict string

// The verdicts. Forced: every MX host has TLS 1.2 or better and a certificate, or DANE records, by which it can be told
// from another. Opportunistic: TLS at some, or at all without proof. NoTLS: no host where TLS came about.
const (
	Forced        Verdict = "forced"
	Opportunistic Verdict = "opportunistic"
	NoTLS         Verdict = "none"
)

// Certificate is the state of a host's certificate. Where several things are wrong with it the first of this order is
// said: expired (or not yet in force), self-signed, wrong name.
type Certificate string

// The states. SelfSigned is also an issuer that is not known, and a chain that leads to a known one by wrong means.
// NoCertificate: no TLS came about.
const (
	Valid         Certificate = "valid"
	Expired       Certificate = "expired"
	SelfSigned    Certificate = "self-signed"
	WrongName     Certificate = "wrong-name"
	NoCertificate Certificate = "none"
)

// DANE is the state of a host's TLSA records.
type DANE string

// The states. DANEValid: signed records, and the certificate fits one. DANEBogus: an answer that fails its signature, or
// signed records that nothing presented fits; careful senders deliver nothing there. DANEUnknown: records without a
// signature that the resolver vouches for, none that mail can use, or nothing to compare them with. None: no records.
const (
	DANEValid   DANE = "valid"
	DANEBogus   DANE = "bogus"
	DANEUnknown DANE = "unknown"
	None        DANE = "none"
)

// Code names what went wrong, in letters, digits and dashes.
type Code string

// Report is the findings about a domain; names follow the JSON.
type Report struct {
	Domain  string   `json:"domain"`
	MX      []Host   `json:"mx"`                      // by preference; never nil
	LeftOut int      `json:"mx_left_out,omitempty"`   // further MX hosts, which were not looked at
	NoMail  Code     `json:"no_mail,omitempty"`       // "null-mx" (RFC 7505): it wants none; "no-address": it can't get any
	DNSSEC  bool     `json:"dnssec"`                  // the resolver vouches for the MX answer
	STS     string   `json:"mta_sts"`                 // "enforce", "testing" or "none"
	STSWhy  Code     `json:"mta_sts_error,omitempty"` // why an announced policy counts as none
	DANE    DANE     `json:"dane"`                    // of all hosts together
	TLSRPT  []string `json:"tls_rpt"`                 // where reports are wanted (RFC 8460); never nil
	Verdict Verdict  `json:"verdict"`
}

// Host is one MX host.
type Host struct {
	Name        string      `json:"host"` // without a final dot
	Preference  uint16      `json:"preference"`
	Address     string      `json:"address,omitempty"` // the one that was spoken to
	STARTTLS    bool        `json:"starttls"`          // it was offered
	Version     string      `json:"version"`           // "TLS1.3"; "" where no TLS came about
	Cipher      string      `json:"cipher"`            // the IANA name
	Certificate Certificate `json:"certificate"`
	Why         Code        `json:"certificate_error,omitempty"`
	Names       []string    `json:"certificate_names,omitempty"` // whom it is for; at most 10
	Chain       []string    `json:"chain,omitempty"`             // subjects as sent, the host's own first, then the last one's issuer; at most 10
	DaysLeft    *int        `json:"days_left,omitempty"`         // whole days; below 0 once expired
	DANE        DANE        `json:"dane"`
	InPolicy    *bool       `json:"mta_sts_match,omitempty"` // the MTA-STS policy names it; left out without a policy
	Error       Code        `json:"error,omitempty"`         // what kept it from being looked at whole

	presented []*x509.Certificate
}

// provable tells whether a sender that insists can deliver to this host, and to no other in its place. DANE counts only
// where the answer that named the host was signed too (RFC 7672 §2.2.1): else it may name somebody else's host.
func (r *Report) provable(h *Host) bool {
	modern := h.Version == "TLS1.2" || h.Version == "TLS1.3"
	named := h.Certificate == Valid || h.DANE == DANEValid && r.DNSSEC
	refused := r.STS == "enforce" && h.InPolicy != nil && !*h.InPolicy      // by every sender that heeds the domain's own policy
	return h.STARTTLS && modern && named && !refused && h.DANE != DANEBogus // which careful senders refuse as well
}

// conclude sums the hosts up. Hosts that were left out prove nothing.
func (r *Report) conclude() {
	tls, provable := 0, 0
	for i := range r.MX {
		if r.MX[i].Version != "" {
			tls++
		}
		if r.provable(&r.MX[i]) {
			provable++
		}
	}
	switch {
	case tls == 0:
		r.Verdict = NoTLS
	case provable == len(r.MX) && r.LeftOut == 0:
		r.Verdict = Forced
	default:
		r.Verdict = Opportunistic
	}
	r.DANE = together(r.MX)
}

// together is the state of the domain: one bogus host spoils it, and DANE protects it only where it protects every host.
func together(hosts []Host) DANE {
	count := map[DANE]int{}
	for i := range hosts {
		count[hosts[i].DANE]++
	}
	switch {
	case count[DANEBogus] > 0:
		return DANEBogus
	case count[DANEUnknown] > 0:
		return DANEUnknown
	case count[DANEValid] > 0 && count[None] == 0:
		return DANEValid
	}
	return None
}

// apply tells each host whether the policy names it.
func (r *Report) apply(p policy) {
	r.STS, r.STSWhy = p.mode, p.why
	for i := range r.MX {
		if p.mode == "enforce" || p.mode == "testing" {
			is := p.names(r.MX[i].Name)
			r.MX[i].InPolicy = &is
		}
	}
}
