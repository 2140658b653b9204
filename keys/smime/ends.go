package smime

import "time"

// Ends is the time from which the certificate cannot be used any more, as far as that is known at that time: the end of
// its own validity, of that of an authority above it, or of a revocation list, in which case list is true. A list is
// renewed again and again; its end counts only once three quarters of its time have gone by without a newer one.
func (c *Certificate) Ends(at time.Time) (end time.Time, list bool) {
	for _, r := range c.routes { // one of them must hold: the one that lasts longest
		if e, l := r.ends(at); end.Before(e) {
			end, list = e, l
		}
	}
	return end, list
}

func (r *route) ends(at time.Time) (end time.Time, list bool) {
	end = r.chain[0].NotAfter
	for i, c := range r.chain {
		if c.NotAfter.Before(end) {
			end, list = c.NotAfter, false
		}
		if until, overdue := renewed(r.lists[i], at); overdue && until.Before(end) {
			end, list = until, true
		}
	}
	return end, list
}

// renewed is until when the latest of an issuer's lists holds, and whether a newer one should have come by then.
func renewed(lists []span, at time.Time) (until time.Time, overdue bool) {
	var latest span
	for _, l := range lists {
		if latest.until.Before(l.until) {
			latest = l
		}
	}
	quarter := latest.until.Sub(latest.from) / 4
	return latest.until, len(lists) > 0 && at.After(latest.until.Add(-quarter))
}
