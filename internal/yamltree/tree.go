// Package yamltree reads a YAML file of ours into a tree whose every node knows its line and column, so that
// whatever is wrong can be shown with an excerpt and a mark, all of it at once.
//
//	t := yamltree.Parse("forms/contact.yaml", src)
//	m := t.Mapping()                     // the file's outermost mapping
//	title := m.Text("title")             // asking for a setting makes it known …
//	keep := m.Mapping("store").Duration("keep")
//	m.Done()                             // … and what was never asked for is a fault, with "did you mean"
//	faults := t.Faults()
//
// It is stricter than YAML on purpose. Anchors, aliases, merge keys, tags, repeated keys, several documents,
// text that is not UTF-8, files over 256 KiB and deep nesting are refused: a form or a configuration must say
// what it says in one place. Values stay as they are written: yes, NO, 010 and 2026-01-05 are text until a
// reader asks for something else.
//
// Nothing here knows forms or configuration; both read their files through it.
package yamltree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Limits of one file.
const (
	MaxSize  = 256 << 10 // bytes
	MaxDepth = 16        // collections inside each other
	maxNodes = 50_000
	maxFault = 50 // more would hide the first ones
)

// breaks are all that YAML 1.1 counts as the end of a line.
var breaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// Tree is one file, read as far as it could be.
type Tree struct {
	File   string
	lines  []string
	root   *yaml.Node // nil if unreadable
	faults Faults
	nodes  int
}

// Parse reads src. It always gives a tree; what is wrong stands in its Faults.
func Parse(file string, src []byte) *Tree {
	t := &Tree{File: file}
	switch {
	case len(src) > MaxSize:
		t.Whole(fmt.Sprintf("is larger than %d KiB", MaxSize>>10), "Split it, or remove what is not needed.")
		return t
	case !utf8.Valid(src):
		t.Whole("is not UTF-8 text", "Save it again as UTF-8.")
		return t
	case bytes.IndexByte(src, 0) >= 0:
		t.Whole("holds a NUL byte", "Save it again as plain text.")
		return t
	}
	t.lines = strings.Split(breaks.Replace(string(src)), "\n")
	root, err := load(src)
	if err != nil {
		t.unreadable(err)
		return t
	}
	if root != nil && t.sound(root, 0) {
		t.root = root
	}
	return t
}

// load gives the one document, or nil for an empty file. The library has panicked on odd input before.
func load(src []byte) (root *yaml.Node, err error) {
	defer func() {
		if recover() != nil {
			root, err = nil, errors.New("this cannot be read as YAML")
		}
	}()
	l, err := yaml.NewLoader(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	var doc, second yaml.Node
	if err := l.Load(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	if err := l.Load(&second); err == nil {
		return nil, &yaml.LoadError{Message: "a second document begins", Mark: markOf(&second)}
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return doc.Content[0], nil
}

func markOf(n *yaml.Node) yaml.Mark { return yaml.Mark{Line: n.Line, Column: n.Column} }

func (t *Tree) unreadable(err error) {
	var le *yaml.LoadError
	if !errors.As(err, &le) {
		t.Whole("cannot be read as YAML", "Compare it with a form file that works, such as forms/contact.yaml.")
		return
	}
	line, column := le.Mark.Line, le.Mark.Column
	if at := t.comment(max(le.ContextMark.Line, 1), line); at > 0 {
		i := commentColumn(t.lines[at-1])
		t.At(at, i, 1, "the rest of this line is a comment",
			`In YAML a space and # start a comment. Put the value in quotes: "#0b6e69".`)
		return
	}
	if line > 1 && (line > len(t.lines) || strings.TrimSpace(t.lines[line-1]) == "") {
		line, column = le.ContextMark.Line, le.ContextMark.Column // the end of the file: show where it began
	}
	message, mend := syntax(le.Message)
	t.At(line, column, 1, message, mend)
}

// comment finds the line, from a construct's begin to where reading failed, in which a # swallowed a bracket.
func (t *Tree) comment(from, to int) int {
	for n := from; n <= min(to, len(t.lines)); n++ {
		if i := commentColumn(t.lines[n-1]); i > 0 && strings.ContainsAny(t.lines[n-1][:i], "{[") {
			return n
		}
	}
	return 0
}

// commentColumn is the column of a # right after "key: ", 0 if there is none.
func commentColumn(line string) int {
	before, _, found := strings.Cut(line, "#")
	if !found || !strings.HasSuffix(strings.TrimRight(before, " "), ":") {
		return 0
	}
	return utf8.RuneCountInString(before) + 1
}

// syntax puts the library's findings in plain words.
func syntax(found string) (message, mend string) {
	switch {
	case strings.Contains(found, "mapping values are not allowed"):
		return "a colon where none can be", "Check the indent here and above, or put text that holds a colon in quotes."
	case strings.Contains(found, "expected key"):
		return "the indent does not fit what stands above", "Settings that belong together begin in the same column."
	case strings.Contains(found, "cannot start any token"):
		return "a character that no value can begin with", "Indent with spaces, not tabs, and put text that begins with @, ` or % in quotes."
	case strings.Contains(found, "unexpected end of stream"):
		return "the file ends too soon", "A quote or bracket that opens here is never closed."
	case strings.Contains(found, "second document"):
		return found, "A file holds one document: remove the line of three dashes."
	case strings.Contains(found, "unknown anchor"):
		return "references (*name) are not read", "Put text that begins with * in quotes."
	}
	return found, "Check the indent, brackets and quotes here and in the line above."
}

// sound refuses what we do not read, all of it, and says whether the tree can be walked.
func (t *Tree) sound(n *yaml.Node, depth int) bool {
	t.nodes++
	switch {
	case depth >= MaxDepth && n.Kind != yaml.ScalarNode:
		t.at(n, "is nested too deeply", "Nothing here needs so many levels: check the indent, and brackets that never close.")
		return false
	case t.nodes > maxNodes:
		t.Whole("holds too many values", "Split it, or remove what is not needed.")
		return false
	case n.Kind == yaml.AliasNode:
		t.at(n, "references (*name) are not read", "Write the value out here.")
		return false
	case n.Anchor != "":
		t.at(n, "anchors (&name) are not read", "Remove it and write the value where it is needed.")
		return false
	case n.Style&yaml.TaggedStyle != 0:
		t.at(n, "tags ("+n.Tag+") are not read", "Remove the tag.")
		return false
	}
	ok := true
	for _, c := range n.Content {
		ok = t.sound(c, depth+1) && ok
	}
	if n.Kind == yaml.MappingNode {
		ok = t.keys(n) && ok
	}
	return ok
}

func (t *Tree) keys(n *yaml.Node) bool {
	seen, ok := map[string]int{}, true
	for i := 0; i < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case k.Kind != yaml.ScalarNode:
			t.at(k, "a name must be plain text", "Write one word before the colon, without brackets or a question mark.")
			ok = false
		case k.Value == "<<" && k.Style == 0:
			t.at(k, "merge keys (<<) are not read", "Write the settings out here.")
			ok = false
		case seen[k.Value] > 0:
			t.at(k, fmt.Sprintf("%q stands here twice; it was given in line %d", k.Value, seen[k.Value]), "Keep one of them.")
			ok = false
		}
		seen[k.Value] = k.Line
	}
	return ok
}
