// Package headers reads the header of a received message and tells, hop by hop, which part of its way was carried
// by TLS.
//
// Each server on the way writes a Received line above those that are there already (RFC 5321 §4.4). Read takes the
// lines of a header, oldest first, and looks for what the writing server says about the connection: the protocol
// keyword (RFC 3848, RFC 6531) and the comments in which Postfix, Exim, Exchange, Gmail, Sendmail and others name the
// version. What a sender chose, such as its HELO name, is never taken for such a word.
//
// A hop inside one host (a pickup, LMTP, localhost, a name that hands to itself) is unknown and does not count. A hop
// between hosts that says nothing is unknown too, and keeps the verdict from being All: nothing unproven is claimed.
// Whoever sent the message may have made up every line below the first server that the reader trusts; callers say so.
//
// Everything is bounded: 1 MiB of header, 200 hops, 255 bytes a name. Names are printable text, safe to be shown.
package headers

// Answer tells whether a hop was carried by TLS.
type Answer string

// The answers about a hop.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

// Verdict sums the hops between hosts up.
type Verdict string

// The verdicts. None: no hop is said to have used TLS, and at least one is said not to have. Some: everything between;
// also where all hops that tell used TLS, but others don't tell. Untold: no hop between hosts tells.
const (
	All    Verdict = "all"
	Some   Verdict = "some"
	None   Verdict = "none"
	Untold Verdict = "unknown"
)

// Hop is one Received line.
type Hop struct {
	From    string `json:"from"`    // the sending host as the line names it; "" where it names none
	By      string `json:"by"`      // the receiving host, which wrote the line
	TLS     Answer `json:"tls"`     // Unknown for a hop inside one host
	Version string `json:"version"` // "TLS1.3", "TLS1.0", "SSL3.0"; "" where it is not told
	Inside  bool   `json:"-"`       // the hop stayed inside one host and does not count
}

// Report is the hops of a header and the verdict on them.
type Report struct {
	Hops    []Hop   `json:"hops"` // oldest first; never nil
	Verdict Verdict `json:"verdict"`
	Cut     bool    `json:"-"` // the header is longer than is read: the oldest hops are missing
}

// judge gives the verdict. A hop that is missing counts as one that tells nothing.
func judge(hops []Hop, cut bool) Verdict {
	count := map[Answer]int{}
	for _, h := range hops {
		if !h.Inside {
			count[h.TLS]++
		}
	}
	switch {
	case count[Yes]+count[No] == 0:
		return Untold
	case count[Yes] == 0:
		return None
	case count[No]+count[Unknown] == 0 && !cut:
		return All
	}
	return Some
}
