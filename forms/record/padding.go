package record

import "math/bits"

// padme gives the padded length for n bytes: the next one whose binary figure ends in zeros, so that of a length only
// its magnitude shows (Nikitin and others, "Reducing Metadata Leakage from Encrypted Files and Communication with
// PURBs", PoPETs 2019, §4). Never more than 12 % longer.
func padme(n int64) int64 {
	if n < 2 {
		return n
	}
	e := bits.Len64(uint64(n)) - 1
	s := bits.Len(uint(e)) // #nosec G115 -- 0 to 62
	mask := int64(1)<<(e-s) - 1
	return (n + mask) &^ mask
}

// paddingFor says how long the record's padding must be: the largest n for which what stands already (have bytes),
// the padding with the two bytes that close the record, written as quoted-printable from column col on, and what
// comes after (tail bytes) stay within the padded length. Line breaks can leave up to three bytes; the epilogue
// takes those.
func paddingFor(have, col, tail int64) int64 {
	target := padme(have + quotedCost(col, 2) + tail)
	room := target - have - tail
	n := room - 3*((col+room)/(lineEnd+3)) - 2
	for n > 0 && quotedCost(col, n+2) > room {
		n--
	}
	for quotedCost(col, n+3) <= room {
		n++
	}
	return max(n, 0)
}
