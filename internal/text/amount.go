package text

import (
	"strconv"
	"strings"
)

// Size is "8 MB", "1.2 MB", "340 KB" or "12 bytes", on every page and in every record alike. One KB is 1024 bytes, one
// MB 1024 KB, as in a form file.
func Size(n int64) string {
	const kb, mb = 1 << 10, 1 << 20
	switch {
	case n >= mb-kb/2: // which would else round up to 1024 KB
		return strings.TrimSuffix(strconv.FormatFloat(float64(n)/mb, 'f', 1, 64), ".0") + " MB"
	case n >= kb:
		return strconv.FormatInt((n+kb/2)/kb, 10) + " KB"
	case n == 1:
		return "1 byte"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// Count is "1 file" or "3 files", for a noun that takes an s.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// List joins words: "size, time and signer", where last is "and".
func List(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}
