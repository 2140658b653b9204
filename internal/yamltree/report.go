package yamltree

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// widest is how far to the right a mark is drawn, and how long a message gets; a file may be one long line.
const widest = 300

// Faults gives all that was found, sorted.
func (t *Tree) Faults() Faults { return t.faults.Sort() }

// Whole adds a fault about the file as a whole.
func (t *Tree) Whole(message, mend string) {
	t.add(Fault{File: t.File, Message: message, Mend: mend})
}

// At adds a fault at a place; width is how many characters its mark covers.
func (t *Tree) At(line, column, width int, message, mend string) {
	t.add(t.place(line, column, width, message, mend))
}

func (t *Tree) place(line, column, width int, message, mend string) Fault {
	f := Fault{File: t.File, Line: line, Column: column, Width: width, Message: message, Mend: mend}
	if line >= 1 && line <= len(t.lines) && column <= widest {
		f.Excerpt = strings.Map(shown, clip(t.lines[line-1], column+width+100))
	}
	return f
}

func (t *Tree) add(f Fault) {
	f.Message = clip(f.Message, widest)
	if len(t.faults) < maxFault {
		t.faults = append(t.faults, f)
	}
}

func (t *Tree) at(n *yaml.Node, message, mend string) {
	t.add(t.place(n.Line, n.Column, t.width(n), message, mend))
}

// width is how much of the line a node covers.
func (t *Tree) width(n *yaml.Node) int {
	w := utf8.RuneCountInString(n.Value)
	if n.Kind != yaml.ScalarNode || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		w = 1
	}
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		w += 2
	}
	if n.Line >= 1 && n.Line <= len(t.lines) {
		w = min(w, utf8.RuneCountInString(t.lines[n.Line-1])-n.Column+1)
	}
	return max(w, 1)
}

// clip keeps a very long line from filling the screen.
func clip(line string, n int) string {
	if r := []rune(line); len(r) > n {
		return string(r[:n]) + "…"
	}
	return line
}

// shown keeps what is in a file from steering the terminal that shows it.
func shown(r rune) rune {
	if r != '\t' && unicode.IsControl(r) {
		return '·'
	}
	return r
}
