// Package text holds what every place that speaks to people shares: the name that somebody probably meant, sizes and
// counts in words.
//
// Meant and Closest serve the "did you mean" of every message about a name that is not known: a setting of a form file or of
// the configuration, a field, a command. Size and Count keep a photo from being 300 KB on one page and 293 KB on
// another. Printable is for words of strangers. The package keeps nothing and knows no list of its own.
package text

import "fmt"

// Meant is the question that ends a message about a name that is not known: `Did you mean "title"?`, or "" when none of
// the known names is near.
func Meant(name string, known []string) string {
	return Near("Did you mean %q?", name, known)
}

// Near is the format filled with the known name that is near, as Closest finds it, or "" when none is.
func Near(format, name string, known []string) string {
	if near := Closest(name, known); near != "" {
		return fmt.Sprintf(format, near)
	}
	return ""
}

// Closest gives the name of known that name was probably meant to be, or "" when none is near. Near means at
// most two slips (a letter too many, too few, another one, or two swapped), and one for names under five letters.
func Closest(name string, known []string) string {
	best, at := "", allowed(name)+1
	for _, k := range known {
		if d := slips(name, k, at); d < at {
			best, at = k, d
		}
	}
	return best
}

// allowed is how many slips still make a name a near one: in a short name two would make it another word.
func allowed(name string) int {
	if len(name) < 5 {
		return 1
	}
	return 2
}

// slips counts the edits from a to b (optimal string alignment); limit is what it answers at the most.
func slips(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if d := len(x) - len(y); d >= limit || -d >= limit {
		return limit
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			same := 1
			if x[i-1] == y[j-1] {
				same = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+same)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(y)], limit)
}
