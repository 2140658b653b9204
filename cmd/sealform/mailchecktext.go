package main

import (
	"cmp"
	"fmt"
	"strings"

	"sealform/internal/mail/check"
	"sealform/internal/text"
)

// checkText says for people what a check found: each host, what the domain publishes, and what to do.
func checkText(r *check.Report) string {
	var b strings.Builder
	for i := range r.MX {
		hostText(&b, &r.MX[i])
	}
	if r.LeftOut > 0 {
		fmt.Fprintf(&b, "%s more not looked at.\n\n", text.Count(r.LeftOut, "MX host"))
	}
	fmt.Fprintf(&b, "MTA-STS  %s%s\n", r.STS, because(r.STSWhy))
	fmt.Fprintf(&b, "DANE     %s\n", daneWords[r.DANE])
	dnssec := "the resolver does not vouch for the MX records"
	if r.DNSSEC {
		dnssec = "the resolver vouches for the MX records"
	}
	fmt.Fprintf(&b, "DNSSEC   %s\n", dnssec)
	fmt.Fprintf(&b, "TLS-RPT  %s\n\n%s\n", cmp.Or(strings.Join(r.TLSRPT, ", "), "none wanted"), verdictText(r))
	return b.String()
}

// hostText is a host's paragraph.
func hostText(b *strings.Builder, h *check.Host) {
	fmt.Fprintf(b, "%s (preference %d)\n", h.Name, h.Preference)
	switch {
	case h.Version != "":
		fmt.Fprintf(b, "  STARTTLS     %s, %s\n", strings.Replace(h.Version, "TLS", "TLS ", 1), h.Cipher)
		certificateText(b, h)
	case h.STARTTLS:
		fmt.Fprintf(b, "  STARTTLS     offered, but no TLS came about%s\n", because(h.Error))
	case h.Error != "":
		fmt.Fprintf(b, "  not looked at%s\n", because(h.Error))
	default:
		b.WriteString("  STARTTLS     not offered\n")
	}
	if h.DANE != check.None {
		fmt.Fprintf(b, "  DANE         %s\n", daneWords[h.DANE])
	}
	if h.InPolicy != nil && !*h.InPolicy {
		b.WriteString("  MTA-STS      the policy does not name this host\n")
	}
	b.WriteString("\n")
}

func certificateText(b *strings.Builder, h *check.Host) {
	fmt.Fprintf(b, "  certificate  %s%s\n", certificateWords[h.Certificate], because(h.Why))
	if len(h.Names) > 0 {
		fmt.Fprintf(b, "    for        %s\n", strings.Join(h.Names, ", "))
	}
	fmt.Fprintf(b, "    chain      %s\n", strings.Join(h.Chain, " < "))
	switch days := *h.DaysLeft; {
	case days >= 0:
		fmt.Fprintf(b, "    ends       in %s\n", text.Count(days, "day"))
	default:
		fmt.Fprintf(b, "    ended      %s ago\n", text.Count(-days, "day"))
	}
}

// because is " (why)" in words, or nothing.
func because(code check.Code) string {
	if code == "" {
		return ""
	}
	if words := checkWords[code]; words != "" {
		return " (" + words + ")"
	}
	before, reply, _ := strings.Cut(string(code), "-")
	if reply == "" {
		return " (" + string(code) + ")"
	}
	return fmt.Sprintf(" (%s: it answered %s)", before, reply)
}

var certificateWords = map[check.Certificate]string{
	check.Valid: "valid", check.Expired: "not in its time", check.SelfSigned: "nobody vouches for it",
	check.WrongName: "for another name",
}

var daneWords = map[check.DANE]string{
	check.None: "none", check.DANEValid: "valid", check.DANEUnknown: "records, but no proof of them",
	check.DANEBogus: "bogus: careful senders deliver nothing",
}

var checkWords = map[check.Code]string{
	"expired": "it has expired", "not-yet-valid": "its time has not begun", "issuer-expired": "its issuer has expired",
	"self-signed": "signed by itself", "unknown-issuer": "its issuer is not known here", "not-for-servers": "it is not for servers",
	"bad-chain": "its issuer may not issue it", "wrong-name": "it does not name this host",

	"bad-name": "its name is none", "no-address": "it has no address", "dns": "its name could not be looked up", "refused": "it takes no connection",
	"timeout": "no answer in time", "unreachable": "no way leads there from here", "closed": "it hung up", "failed": "the connection failed",
	"protocol": "what it says is no SMTP", "too-long": "it says too much", "handshake": "the handshake failed",
	"plaintext-after-starttls": "somebody put plain text behind STARTTLS",

	"bad-record": "its record in DNS is wrong", "several-records": "there are several records in DNS", "bad-certificate": "the web server's certificate is not valid",
	"redirect": "the web server leads elsewhere", "bad-policy": "the policy can't be read", "answered-404": "the web server has no policy",
}

// verdictText is the result of the check, and the next step for the person who ran it.
func verdictText(r *check.Report) string {
	d := r.Domain
	switch {
	case r.NoMail == "null-mx":
		return fmt.Sprintf("%s takes no mail, and says so. Ask for another address.", d)
	case r.NoMail != "":
		return fmt.Sprintf("%s has no mail server. Ask for another address.", d)
	case r.Verdict == check.Forced:
		return fmt.Sprintf("Forced TLS is possible: tell your relay to require verified TLS for %s.", d)
	case r.Verdict == check.Opportunistic:
		return fmt.Sprintf("Opportunistic only: TLS to %s cannot be relied on, for somebody on the way could take it away or read along.\n"+
			"Mail only sealed messages or notices there, and ask its operator to mend what is named above.", d)
	}
	return fmt.Sprintf("No TLS: no mail server of %s was found to use it, so mail would travel in clear.\n"+
		"Mail only sealed messages or notices there. If nothing could be reached, try where port 25 to the outside is open.", d)
}
