package yamltree

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sealform/internal/text"
)

// Fault is one thing wrong in a file, with its place and its mend.
type Fault struct {
	File         string
	Line, Column int // from 1; 0: the file as a whole
	Message      string
	Excerpt      string // the offending line
	Width        int    // how many characters the mark covers
	Mend         string
	Warning      bool
}

// Faults is all that is wrong with one or more files. As an error it prints each with excerpt and mark, and a
// closing count.
type Faults []Fault

// Sort puts the faults in the order of file, line and column, and drops exact repeats.
func (f Faults) Sort() Faults {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(f)
}

// Failed says whether there is more than warnings.
func (f Faults) Failed() bool {
	return slices.ContainsFunc(f, func(x Fault) bool { return !x.Warning })
}

// Error shows each fault as
//
//	forms/contact.yaml:20:11: "accent" is empty
//	  20 |   accent: #0b6e69
//	     |           ^ Put the colour in quotes.
//
// and ends with the count.
func (f Faults) Error() string {
	var b strings.Builder
	warnings := 0
	for _, x := range f {
		x.write(&b)
		if x.Warning {
			warnings++
		}
	}
	b.WriteString(text.Count(len(f)-warnings, "error"))
	if warnings > 0 {
		b.WriteString(", " + text.Count(warnings, "warning"))
	}
	return b.String()
}

func (x *Fault) write(b *strings.Builder) {
	b.WriteString(x.File)
	if x.Line > 0 {
		fmt.Fprintf(b, ":%d:%d", x.Line, x.Column)
	}
	b.WriteString(": ")
	if x.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(x.Message + "\n")
	if x.Excerpt == "" {
		if x.Mend != "" {
			b.WriteString("  " + x.Mend + "\n")
		}
		return
	}
	number := fmt.Sprintf("%4d", x.Line)
	fmt.Fprintf(b, "%s | %s\n", number, x.Excerpt)
	mark := indent(x.Excerpt, x.Column) + strings.Repeat("^", max(x.Width, 1))
	fmt.Fprintf(b, "%s | %s\n", strings.Repeat(" ", len(number)), strings.TrimRight(mark+" "+x.Mend, " "))
}

// indent is as wide as what stands before column; a tab stays a tab.
func indent(line string, column int) string {
	var b strings.Builder
	n := 1
	for _, r := range line {
		if n >= column {
			break
		}
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
		n++
	}
	for ; n < column; n++ {
		b.WriteByte(' ')
	}
	return b.String()
}
