package yamltree

import (
	"strconv"
	"strings"
	"time"
)

var timeUnits = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

var sizeUnits = map[string]int64{"": 1, "b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}

// ParseDuration reads one whole number and a unit (s, m, h, d): more than 0, at most 36500 days.
func ParseDuration(s string) (time.Duration, bool) {
	n, unit, ok := measure(s)
	u := timeUnits[unit]
	const longest = 36500 * 24 * time.Hour
	if !ok || u == 0 || n == 0 || n > int64(longest/u) {
		return 0, false
	}
	return time.Duration(n) * u, true
}

// ParseSize reads one whole number and a unit (B, KB, MB, GB, of 1024): more than 0, at most 1 TiB.
func ParseSize(s string) (int64, bool) {
	n, unit, ok := measure(s)
	u := sizeUnits[unit]
	const largest = 1 << 40
	if !ok || u == 0 || n == 0 || n > largest/u {
		return 0, false
	}
	return n * u, true
}

// measure splits "90 d" into 90 and "d".
func measure(s string) (n int64, unit string, ok bool) {
	s = strings.TrimSpace(s)
	i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if i < 0 {
		i = len(s)
	}
	n, ok = whole(s[:i])
	return n, strings.ToLower(strings.TrimSpace(s[i:])), ok
}

// whole reads decimal digits only: no sign, no underscores, no 0x.
func whole(s string) (int64, bool) {
	if s == "" || len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
